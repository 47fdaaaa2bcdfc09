package evidence

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/worker/recon"
)

// defaultRule is the rule_name and attempted_rules of a run without own rules.
const defaultRule = "match_sql"

// column is one column of an evidence file and where its values come from.
type column struct {
	field arrow.Field
	make  maker
}

// keyFields checks that schema starts with the named key columns as text.
func keyFields(schema *arrow.Schema, names ...string) error {
	for i, name := range names {
		if schema.NumFields() <= i || schema.Field(i).Name != name || schema.Field(i).Type.ID() != arrow.STRING {
			return fmt.Errorf("lay out evidence: column %d must be %s of type utf8, have %s", i+1, name, schema)
		}
	}
	return nil
}

func isText(t arrow.DataType) bool {
	switch t := t.(type) {
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType, *arrow.NullType:
		return true
	case *arrow.DictionaryType:
		return isText(t.ValueType)
	}
	return false
}

// matchedLayout is match_id, left_key, right_key, rule_name, confidence,
// matched_at, then the columns of the query's result.
func matchedLayout(cfg Config, schema *arrow.Schema) ([]column, error) {
	if err := keyFields(schema, ColumnLeftKey, ColumnRightKey); err != nil {
		return nil, err
	}
	cols := []column{
		{field: arrow.Field{Name: ColumnMatchID, Type: arrow.BinaryTypes.String}, make: matchIDs(cfg.RunID)},
		keyColumn(0, ColumnLeftKey),
		keyColumn(1, ColumnRightKey),
		constantText(ColumnRuleName, defaultRule),
		constantDouble(ColumnConfidence, 1),
		constantTime(ColumnMatchedAt, cfg.MatchedAt),
	}
	rest := make([]int, 0, schema.NumFields())
	own := map[string]bool{}
	for i := 2; i < schema.NumFields(); i++ {
		f := schema.Field(i)
		name := strings.ToLower(f.Name)
		switch {
		case name == ColumnRuleName && !own[name]:
			c, err := ruleNameColumn(i, f)
			if err != nil {
				return nil, err
			}
			cols[3], own[name] = c, true
		case name == ColumnConfidence && !own[name]:
			c, err := confidenceColumn(i, f)
			if err != nil {
				return nil, err
			}
			cols[4], own[name] = c, true
		default:
			rest = append(rest, i)
		}
	}
	return appendOwn(cols, schema, rest, matchedReserved())
}

// unmatchedLayout is record_key, attempted_rules, closest_candidate,
// rejection_reason, then the columns of the source.
func unmatchedLayout(cfg Config, side Side, schema *arrow.Schema) ([]column, error) {
	if err := keyFields(schema, ColumnRecordKey); err != nil {
		return nil, err
	}
	cols := []column{
		keyColumn(0, ColumnRecordKey),
		constantText(ColumnAttemptedRules, defaultRule),
		nullText(ColumnClosestCandidate),
		reasonColumn(ColumnRejectionReason, cfg.CompositeKey[side]),
	}
	rest := make([]int, 0, schema.NumFields())
	for i := 1; i < schema.NumFields(); i++ {
		rest = append(rest, i)
	}
	return appendOwn(cols, schema, rest, unmatchedReserved())
}

// appendOwn adds the caller's columns under names that nothing else bears.
func appendOwn(cols []column, schema *arrow.Schema, rest []int, reserved []string) ([]column, error) {
	names := make([]string, len(rest))
	for k, i := range rest {
		names[k] = schema.Field(i).Name
	}
	for k, name := range UniqueNames(reserved, names) {
		f := schema.Field(rest[k])
		conv, err := conversionOf(f.Type)
		if err != nil {
			return nil, recon.Input(fmt.Errorf("column %q: %w", f.Name, err))
		}
		cols = append(cols, column{
			field: arrow.Field{Name: name, Type: conv.target, Nullable: true},
			make:  converted(rest[k], f.Name, conv),
		})
	}
	return cols, nil
}

func keyColumn(i int, name string) column {
	return column{field: arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}, make: converted(i, name, toText)}
}

func ruleNameColumn(i int, f arrow.Field) (column, error) {
	if !isText(f.Type) {
		return column{}, recon.Input(fmt.Errorf("column %q of the query's result is %s, but %s must be text: cast it to varchar or give the column another name",
			f.Name, f.Type, ColumnRuleName))
	}
	return column{
		field: arrow.Field{Name: ColumnRuleName, Type: arrow.BinaryTypes.String, Nullable: true},
		make:  converted(i, f.Name, toText),
	}, nil
}

func confidenceColumn(i int, f arrow.Field) (column, error) {
	conv, ok := toDouble(f.Type)
	if !ok {
		return column{}, recon.Input(fmt.Errorf("column %q of the query's result is %s, but %s must be a number: cast it to double or give the column another name",
			f.Name, f.Type, ColumnConfidence))
	}
	return column{
		field: arrow.Field{Name: ColumnConfidence, Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		make:  converted(i, f.Name, conv),
	}, nil
}
