package parquet

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// column is one column of a file: a top-level field, with all that is in it.
type column struct {
	// name is unique, also when letter case is ignored.
	name string
	typ  arrow.DataType
	// leaves are the file's primitive columns that it is made of.
	leaves []int
	// convert makes typ of what the Parquet library reads; nil when that is
	// typ already.
	convert conversion
	// int96 are old timestamps, which are decoded here.
	int96 bool
	// trouble says why the column cannot be read; empty when it can.
	trouble string
}

// field is the column in Arrow's terms. Whether nulls may come is not the same
// in all files of a data set, so every column may have them.
func (c column) field() arrow.Field { return arrow.Field{Name: c.name, Type: c.typ, Nullable: true} }

// columnsOf works out a file's columns, and notes on those that are carried in
// another way than the file has them.
func columnsOf(s *schema.Schema) (columns []column, notes []string, err error) {
	arrowSchema, err := pqarrow.FromParquet(s, &pqarrow.ArrowReadProperties{}, nil)
	if err != nil {
		return nil, nil, err
	}
	byField := leavesByField(s)
	names := uniqueNames(arrowSchema)
	for i, f := range arrowSchema.Fields() {
		c := column{name: names[i], typ: f.Type, leaves: byField[i]}
		note := c.carry(s, f.Type)
		if names[i] != f.Name {
			notes = append(notes, fmt.Sprintf("column %d: the name %q is there twice, this one is called %q", i+1, f.Name, names[i]))
		}
		if c.trouble != "" {
			note = "cannot be read: " + c.trouble
		}
		if note != "" {
			notes = append(notes, fmt.Sprintf("column %q: %s", c.name, note))
		}
		columns = append(columns, c)
	}
	return columns, notes, nil
}

func leavesByField(s *schema.Schema) [][]int {
	out := make([][]int, s.Root().NumFields())
	for leaf := range s.NumColumns() {
		field := s.Root().FieldIndexByField(s.ColumnRoot(leaf))
		out[field] = append(out[field], leaf)
	}
	return out
}

// uniqueNames puts _1, _2, ... after names that are there already.
func uniqueNames(s *arrow.Schema) []string {
	taken := map[string]bool{}
	for _, f := range s.Fields() {
		taken[strings.ToLower(f.Name)] = true
	}
	seen := map[string]bool{}
	names := make([]string, s.NumFields())
	for i, f := range s.Fields() {
		name := f.Name
		for k := 1; seen[strings.ToLower(name)]; k++ {
			if next := f.Name + "_" + strconv.Itoa(k); !taken[strings.ToLower(next)] {
				name = next
			}
		}
		seen[strings.ToLower(name)], taken[strings.ToLower(name)] = true, true
		names[i] = name
	}
	return names
}

// carry decides how a column is carried and returns a note about it, if it
// needs one.
func (c *column) carry(s *schema.Schema, t arrow.DataType) string {
	for _, leaf := range c.leaves {
		if trouble := leafTrouble(s.Column(leaf), len(c.leaves) == 1 && isFlat(s.Column(leaf))); trouble != "" {
			c.trouble = trouble
			return ""
		}
	}
	if _, nested := t.(arrow.NestedType); nested {
		return ""
	}
	leaf := s.Column(c.leaves[0])
	if leaf.PhysicalType() == pq.Types.Int96 {
		c.int96, c.typ = true, &arrow.TimestampType{Unit: arrow.Microsecond}
		return "old INT96 timestamps, carried as timestamps of microseconds"
	}
	var note string
	c.typ, c.convert, note = conversionOf(t, leaf.LogicalType())
	return note
}

func isFlat(leaf *schema.Column) bool {
	return leaf.MaxRepetitionLevel() == 0 && leaf.MaxDefinitionLevel() <= 1
}

// leafTrouble says why a primitive column cannot be read exactly.
func leafTrouble(leaf *schema.Column, flat bool) string {
	switch logical := leaf.LogicalType().(type) {
	case schema.UnknownLogicalType:
		return "its logical type is not known here"
	case schema.VariantLogicalType:
		return "variant values have no form here"
	case schema.DecimalLogicalType:
		if !flat && logical.Precision() > 38 {
			return fmt.Sprintf("decimals of %d digits inside of a nested type have no form here", logical.Precision())
		}
	}
	for n := leaf.SchemaNode(); n != nil; n = n.Parent() {
		if _, ok := n.LogicalType().(schema.VariantLogicalType); ok {
			return "variant values have no form here"
		}
	}
	if leaf.PhysicalType() == pq.Types.Int96 && !flat {
		return "old INT96 timestamps inside of a nested type have no form here"
	}
	return ""
}
