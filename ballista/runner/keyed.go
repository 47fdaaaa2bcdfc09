package runner

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// keyed says how the rows of a step's stream become those of an evidence file,
// which begin with the keys as texts. A key that is one text column is a column
// of the rows as well, mostly, and is streamed and encoded once.
type keyed struct {
	// names are those of the file's key columns.
	names []string
	// at says of each where it stands among the stream's other columns, as it
	// is; apart if the stream has it by itself. Those come first.
	at []int
}

const apart = -1

// matchedKeyed is for the rows of the query's result.
func (r *run) matchedKeyed() keyed {
	k := keyed{names: []string{"left_key", "right_key"}, at: []int{apart, apart}}
	for side, keys := range r.query.keys {
		if len(keys) == 1 && keys[0] < len(r.query.columns) && r.streamedOnce(r.query.columns[keys[0]]) {
			k.at[side] = keys[0]
		}
	}
	return k
}

// unmatchedKeyed is for the rows of a side.
func (r *run) unmatchedKeyed(side int) keyed {
	t := r.tables[side]
	k := keyed{names: []string{"record_key"}, at: []int{apart}}
	if len(t.keys) == 1 && r.streamedOnce(project(t.about.Schema, t.keys).Field(0)) {
		k.at[0] = slices.Index(t.evidence, t.keys[0])
	}
	return k
}

// streamedOnce reports whether a key is its own text. Sorted rows have the keys
// by themselves, because they are sorted by these first.
func (r *run) streamedOnce(key arrow.Field) bool {
	return !r.cfg.SortEvidence && key.Type.ID() == arrow.STRING
}

// items are the items of a select list that has the keys, as their texts are
// written, by themselves where they have to be.
func (k keyed) items(texts []string) []string {
	var items []string
	for i, name := range k.names {
		if k.at[i] == apart {
			items = append(items, texts[i]+" AS "+name)
		}
	}
	return items
}

// keyedOf is for the step of that name.
func (r *run) keyedOf(step string) (keyed, error) {
	if step == stepMatched {
		return r.matchedKeyed(), nil
	}
	side := slices.Index(unmatchedStep[:], step)
	if side < 0 {
		return keyed{}, fmt.Errorf("step %s streams nothing that is evidence", step)
	}
	return r.unmatchedKeyed(side), nil
}

// schema is that of the evidence, for a stream's.
func (k keyed) schema(stream *arrow.Schema) *arrow.Schema {
	fields := withKeys(stream.Fields(), k.at)
	for i, name := range k.names {
		fields[i].Name = name
	}
	return arrow.NewSchema(fields, nil)
}

// batch returns a stream's batch as the evidence has it. The caller releases
// both.
func (k keyed) batch(schema *arrow.Schema, stream arrow.RecordBatch) arrow.RecordBatch {
	return array.NewRecordBatch(schema, withKeys(stream.Columns(), k.at), stream.NumRows())
}

// withKeys puts a column for each key before the columns that are no key by
// themselves.
func withKeys[T any](stream []T, at []int) []T {
	lone := 0
	for _, place := range at {
		if place == apart {
			lone++
		}
	}
	keys, rest := stream[:lone], stream[lone:]
	out := make([]T, 0, len(at)+len(rest))
	for _, place := range at {
		if place == apart {
			out, keys = append(out, keys[0]), keys[1:]
		} else {
			out = append(out, rest[place])
		}
	}
	return append(out, rest...)
}
