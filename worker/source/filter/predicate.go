// Package filter decides which rows of a batch satisfy a job's filters. It is
// for the sources that cannot leave that to a database, and its answers are
// those of Postgres with text compared bytewise (COLLATE "C"): a null never
// matches, and NaN equals itself and is greater than every other number.
//
// It must not know where the rows come from.
//
// # Values
//
// A filter's value is the JSON that was posted, read by the column's type:
//
//   - integers and decimals: a JSON number, or a text that is one, such as
//     "1000.00". It is compared exactly, whatever its digits and the column's.
//   - floats: the same, compared as the nearest double, as Postgres does;
//     "NaN", "Infinity" and "-Infinity" too.
//   - text: a JSON text, compared bytewise. A number is refused: whether "007"
//     is 7 is for the caller to say.
//   - date: "2024-01-31". Time: "13:45:00.5".
//   - timestamp: "2024-01-31", or with a time after a T or a blank. With a time
//     zone, a value without an offset is UTC; without one, an offset other
//     than UTC is refused.
//   - bool: true or false. UUID: its text.
//   - binary and nested columns cannot be filtered.
package filter

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"kallad/worker/recon"
)

// Predicate is the conjunction of a source's filters, compiled for one schema.
// It does not change and may be used concurrently.
type Predicate struct {
	conds   []condition
	columns []string
	mem     memory.Allocator
}

// condition is one filter on one column.
type condition struct {
	column string
	typ    arrow.DataType
	test   test
}

// test is one filter's comparison, compiled for one column type.
type test interface {
	// keep sets keep[i] to 0 for each row of arr that does not compare true.
	// What it does for null rows does not matter.
	keep(arr arrow.Array, keep []byte)
	// mayMatch is false only if no value from r.Min to r.Max compares true.
	mayMatch(r Range) bool
}

// Option changes how a Predicate works.
type Option func(*Predicate)

// WithAllocator sets where Apply's results live; default is Arrow's own.
func WithAllocator(mem memory.Allocator) Option {
	return func(p *Predicate) { p.mem = mem }
}

// Compile checks conds against schema. It reports all that is wrong with them
// at once, as a recon.InputError over a recon.ValidationError whose fields are
// named from "filters[0]" on.
func Compile(schema *arrow.Schema, conds []recon.FilterCondition, opts ...Option) (*Predicate, error) {
	p := &Predicate{mem: memory.DefaultAllocator}
	for _, o := range opts {
		o(p)
	}
	var wrong []recon.FieldError
	seen := map[string]bool{}
	for i, c := range conds {
		compiled, fault := compile(schema, c)
		if fault != nil {
			wrong = append(wrong, recon.FieldError{Field: fmt.Sprintf("filters[%d].%s", i, fault.field), Message: fault.message})
			continue
		}
		p.conds = append(p.conds, compiled)
		if !seen[c.Column] {
			seen[c.Column] = true
			p.columns = append(p.columns, c.Column)
		}
	}
	if len(wrong) > 0 {
		return nil, recon.Input(&recon.ValidationError{Fields: wrong})
	}
	return p, nil
}

// Columns returns the columns that the filters read, each once, in the order
// of the filters.
func (p *Predicate) Columns() []string { return append([]string(nil), p.columns...) }

// fault is what is wrong with one filter.
type fault struct {
	field   string // column, op or value
	message string
}

func (f *fault) Error() string { return f.field + ": " + f.message }

func badValue(format string, args ...any) *fault {
	return &fault{field: "value", message: fmt.Sprintf(format, args...)}
}

func compile(schema *arrow.Schema, c recon.FilterCondition) (condition, *fault) {
	at := schema.FieldIndices(c.Column)
	if len(at) == 0 {
		return condition{}, &fault{field: "column", message: fmt.Sprintf("no column %q%s", c.Column, suggest(schema, c.Column))}
	}
	values, f := operands(c)
	if f != nil {
		return condition{}, f
	}
	typ := schema.Field(at[0]).Type
	t, f := newTest(c.Column, typ, c.Op, values)
	if f != nil {
		return condition{}, f
	}
	return condition{column: c.Column, typ: typ, test: t}, nil
}
