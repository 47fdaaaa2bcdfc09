package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/ballista/plan"
	"kallad/worker/recon"
)

// Binder parses and binds SQL over tables without running it. One job uses it
// at a time.
type Binder interface {
	plan.Binder
	CreateEmpty(ctx context.Context, table string, schema *arrow.Schema) error
	Describe(ctx context.Context, sql string) (*arrow.Schema, error)
	Bound(ctx context.Context, sql string) (json.RawMessage, error)
	Close() error
}

const (
	// reservedPrefix begins the names that the SQL made here uses.
	reservedPrefix = "kallad_"
	// numericFunction keeps every digit of its argument or fails,
	// tryNumericFunction is null where that fails.
	numericFunction    = "kallad_numeric"
	tryNumericFunction = "kallad_try_numeric"
)

// boundQuery is match_sql ready to be planned.
type boundQuery struct {
	// query returns its own columns, then the carried keys.
	query *plan.Query
	// columns are the query's own, with the names that it gave them.
	columns []arrow.Field
	// keys say, for left and right, where each key column stands in the
	// query's result, counted from 0.
	keys [2][]int
	// width is the number of columns of the query's result.
	width int
}

// bind checks match_sql against the sources, adds the keys to its result and
// finds out which columns of the sources it needs.
func (r *run) bind(ctx context.Context, binder Binder) (*boundQuery, error) {
	query, err := r.parse(ctx, binder)
	if err != nil {
		return nil, err
	}
	r.chooseColumns(query)
	for _, t := range r.tables {
		if err := binder.CreateEmpty(ctx, t.alias, t.about.Schema); err != nil {
			return nil, fmt.Errorf("source %q: %w", t.alias, err)
		}
	}
	own, err := describe(ctx, binder, query)
	if err != nil {
		return nil, matchSQLError(err)
	}
	if err := checkRounding(ctx, binder, query); err != nil {
		return nil, err
	}
	return r.addKeys(ctx, binder, query, own)
}

func (r *run) parse(ctx context.Context, binder Binder) (*plan.Query, error) {
	parsed, err := binder.Parse(ctx, r.job.MatchSQL)
	if err != nil {
		return nil, matchSQLError(err)
	}
	query, err := plan.New(r.job.MatchSQL, parsed)
	if err != nil {
		return nil, recon.Input(fmt.Errorf("match_sql: %w", err))
	}
	aliases := make([]string, len(r.tables))
	for i, t := range r.tables {
		aliases[i] = t.alias
	}
	if err := query.Check(aliases, recon.Near); err != nil {
		return nil, recon.Input(fmt.Errorf("match_sql: %w", err))
	}
	query.Translate(numericFunction, tryNumericFunction)
	return query, nil
}

func matchSQLError(err error) error {
	if queryFault(err) {
		return recon.Input(fmt.Errorf("match_sql: %w", err))
	}
	return err
}

// queryFault reports whether the engine blames the query or its data.
func queryFault(err error) bool {
	var fault interface{ QueryFault() bool }
	return errors.As(err, &fault) && fault.QueryFault()
}

// chooseColumns decides what is read of each source.
func (r *run) chooseColumns(query *plan.Query) {
	all := map[string][]string{}
	for _, t := range r.tables {
		for _, f := range t.about.Schema.Fields() {
			all[t.alias] = append(all[t.alias], f.Name)
		}
	}
	used := query.Columns(all)
	for i, t := range r.tables {
		t.columns = pick(t.about.Schema, used[t.alias], t.keys)
		if len(t.columns) == 0 {
			// Even a table that is only counted needs a column to be loaded.
			t.columns = all[t.alias][:1]
		}
		t.read = t.columns
		if i < 2 {
			t.evidence = t.columns
		}
		if i < 2 && r.job.EvidenceColumns == recon.EvidenceAll {
			t.columns, t.evidence = all[t.alias], all[t.alias]
		}
	}
}

func describe(ctx context.Context, binder Binder, query *plan.Query) (*arrow.Schema, error) {
	sql, err := format(ctx, binder, query)
	if err != nil {
		return nil, err
	}
	return binder.Describe(ctx, sql)
}

// checkRounding refuses a query in which the engine would round decimals
// without being asked to. Where decimals meet in IN, UNION, coalesce, CASE and
// the like, it gives both one type, and cuts the longer fraction when 38 digits
// are not enough for both.
func checkRounding(ctx context.Context, binder Binder, query *plan.Query) error {
	sql, err := format(ctx, binder, query.Asked())
	if err != nil {
		return err
	}
	bound, err := binder.Bound(ctx, sql)
	if err != nil {
		return err
	}
	found, err := plan.Roundings(bound)
	if err != nil {
		return err
	}
	var problems []error
	for _, f := range found {
		problems = append(problems, fmt.Errorf("match_sql: %s; cast both sides to one type that holds them, or this one to %s to have it rounded", f, f.To))
	}
	return recon.Input(errors.Join(problems...))
}

func format(ctx context.Context, binder Binder, query *plan.Query) (string, error) {
	parsed, err := query.Parsed()
	if err != nil {
		return "", err
	}
	return binder.Format(ctx, parsed)
}

// carriedName is the name of a key column that is added to the result.
func carriedName(side, i int) string { return fmt.Sprintf("%skey_%d_%d", reservedPrefix, side, i) }

// addKeys makes the keys of both sides part of the result: as the query
// selects them already, or carried through it where that is possible, else
// found among its own columns by name.
func (r *run) addKeys(ctx context.Context, binder Binder, query *plan.Query, own *arrow.Schema) (*boundQuery, error) {
	b := &boundQuery{columns: own.Fields(), width: own.NumFields()}
	var problems []error
	for side, t := range r.tables[:2] {
		want := plan.Carry{Table: t.alias, Columns: t.keys}
		if b.keys[side] = query.Selected(want, b.width); b.keys[side] != nil {
			continue
		}
		if carried := r.carry(ctx, binder, query, side, b.width); carried != nil {
			query = carried
			for i := range t.keys {
				b.keys[side] = append(b.keys[side], b.width+i)
			}
			b.width += len(t.keys)
			continue
		}
		found, err := r.findKeys(ctx, binder, own, side)
		problems = append(problems, err)
		b.keys[side] = found
	}
	if err := errors.Join(problems...); err != nil {
		return nil, recon.Input(err)
	}
	b.query = query
	return b, nil
}

// carry returns the query with the side's keys at the end of its result, nil
// when they cannot be had. Binding has the last word: it refuses what an
// aggregate hides.
func (r *run) carry(ctx context.Context, binder Binder, query *plan.Query, side, width int) *plan.Query {
	t := r.tables[side]
	want := plan.Carry{Table: t.alias, Columns: t.keys}
	for i := range t.keys {
		want.As = append(want.As, carriedName(side, i))
	}
	wider := query.Clone()
	if !wider.Carry(want) {
		return nil
	}
	schema, err := describe(ctx, binder, wider)
	if err != nil || schema.NumFields() != width+len(t.keys) {
		return nil
	}
	for i, name := range want.As {
		if schema.Field(width+i).Name != name {
			return nil
		}
	}
	return wider
}

// findKeys looks for the side's keys among the query's own columns: as
// <alias>_<column>, or by the column's name where only one side has that.
func (r *run) findKeys(ctx context.Context, binder Binder, own *arrow.Schema, side int) ([]int, error) {
	t, other := r.tables[side], r.tables[1-side]
	// The types as the engine gives them back, which own has as well.
	types, err := binder.Describe(ctx, fmt.Sprintf("SELECT %s FROM %s", strings.Join(quoteAll("", t.keys), ", "), quote(t.alias)))
	if err != nil {
		return nil, err
	}
	var found []int
	var missing []string
	for i, key := range t.keys {
		shared := slices.ContainsFunc(other.keys, func(k string) bool { return strings.EqualFold(k, key) })
		at := position(own, t.alias+"_"+key)
		if at < 0 && !shared {
			at = position(own, key)
		}
		if at < 0 {
			name := key
			if shared {
				name = t.alias + "_" + key
			}
			missing = append(missing, name)
			continue
		}
		if err := sameKind(t.alias, types.Field(i).Type, own.Field(at)); err != nil {
			return nil, err
		}
		found = append(found, at)
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("match_sql: its result does not say which rows of %q matched, and its shape (an aggregate, DISTINCT, or %q more than once) does not let the key be added: add the column %s to its select list",
			t.alias, t.alias, strings.Join(missing, " and "))
	}
	return found, nil
}

// sameKind refuses a column that is found as a key by its name alone and is of
// another type: the engine would compare the two as the type of one of them,
// and the text 007 would be the number 7.
func sameKind(alias string, want arrow.DataType, column arrow.Field) error {
	got := column.Type
	if arrow.TypeEqual(want, got) || arrow.IsInteger(want.ID()) && arrow.IsInteger(got.ID()) {
		return nil
	}
	return fmt.Errorf("match_sql: its column %s must be the key of %q, which is of type %s, but is of type %s: select the key as it is, or give the column another name and add the key",
		column.Name, alias, want, got)
}

// position returns where the only column of that name stands, -1 when there
// is none or several.
func position(schema *arrow.Schema, name string) int {
	at := -1
	for i, f := range schema.Fields() {
		if strings.EqualFold(f.Name, name) {
			if at >= 0 {
				return -1
			}
			at = i
		}
	}
	return at
}
