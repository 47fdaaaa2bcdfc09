package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"

	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/filter"
)

// table is one source of the job on its way into the query.
type table struct {
	alias  string
	origin recon.Source
	source source.Source
	about  *source.Description
	// keys are the primary key columns, as the source writes them.
	keys []string
	// columns are what the query, the keys and the evidence need.
	columns []string
	// read are those of columns that the query and the keys need.
	read []string
	// evidence are the columns of the unmatched file, sides only.
	evidence []string
}

// unique reports whether the source knows that no two rows have the same key,
// rows with a null in it left out.
func (t *table) unique() bool { return slices.ContainsFunc(t.about.Unique, t.inKey) }

// alone reports whether the source knows that each row has a key of its own,
// rows with a null in it, too.
func (t *table) alone() bool {
	return slices.ContainsFunc(t.about.Unique, func(set []string) bool { return t.inKey(set) && !nullable(t.about.Schema, set) })
}

// inKey reports whether all of the columns are part of the key.
func (t *table) inKey(columns []string) bool {
	return !slices.ContainsFunc(columns, func(name string) bool { return !slices.Contains(t.keys, name) })
}

// nullable reports whether a null can be in any of the columns.
func nullable(schema *arrow.Schema, columns []string) bool {
	return slices.ContainsFunc(project(schema, columns).Fields(), func(f arrow.Field) bool { return f.Nullable })
}

// describers is how many sources are opened at once.
const describers = 16

// describeSources opens all sources and asks what they hold.
func (r *run) describeSources(ctx context.Context) error {
	r.tables = make([]*table, len(r.job.Sources))
	for i, s := range r.job.Sources {
		r.tables[i] = &table{alias: s.Alias, origin: s}
	}
	problems := make([]error, len(r.tables))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(describers)
	for i, t := range r.tables {
		group.Go(func() error {
			if err := t.describe(ctx, r.parts.Sources); err != nil {
				problems[i] = fmt.Errorf("source %q: %w", t.alias, err)
				if !recon.IsInput(err) {
					return problems[i]
				}
			}
			return nil
		})
	}
	// Faults of the caller's are told all at once; any other ends the rest.
	if err := group.Wait(); err != nil {
		return err
	}
	return errors.Join(problems...)
}

func (t *table) describe(ctx context.Context, registry *source.Registry) (err error) {
	if t.source, err = registry.Open(ctx, t.origin.URI); err != nil {
		return err
	}
	t.about, err = t.source.Describe(ctx)
	return err
}

func (r *run) closeSources() error {
	var errs []error
	for _, t := range r.tables {
		if t.source != nil {
			if err := t.source.Close(); err != nil {
				errs = append(errs, fmt.Errorf("close source %q: %w", t.alias, err))
			}
			t.source = nil
		}
	}
	return errors.Join(errs...)
}

// checkTables holds filters and primary keys against what the sources have,
// and names everything that is wrong.
func (r *run) checkTables() error {
	var problems []error
	for i, t := range r.tables {
		if strings.HasPrefix(strings.ToLower(t.alias), reservedPrefix) {
			problems = append(problems, fmt.Errorf("sources[%d].alias: names beginning with %q are taken", i, reservedPrefix))
		}
		if _, err := filter.Compile(t.about.Schema, t.origin.Filters); err != nil {
			problems = append(problems, fmt.Errorf("source %q: %w", t.alias, err))
		}
		for _, key := range r.job.PrimaryKeys[t.alias] {
			name, ok := column(t.about.Schema, key)
			if !ok {
				problems = append(problems, fmt.Errorf("primary_keys.%s: source %q has no column %q; it has %s",
					t.alias, t.alias, key, describeColumns(t.about.Schema, key)))
			}
			t.keys = append(t.keys, name)
		}
	}
	return recon.Input(errors.Join(problems...))
}

// column finds a column by name: as written, else without regard to case.
func column(schema *arrow.Schema, name string) (string, bool) {
	if schema.HasField(name) {
		return name, true
	}
	for _, f := range schema.Fields() {
		if strings.EqualFold(f.Name, name) {
			return f.Name, true
		}
	}
	return "", false
}

// maxNamed is how many columns an error names.
const maxNamed = 12

// describeColumns lists the columns of a schema, the nearest to name first.
func describeColumns(schema *arrow.Schema, name string) string {
	names := make([]string, schema.NumFields())
	for i, f := range schema.Fields() {
		names[i] = f.Name
	}
	if len(names) == 0 {
		return "no columns"
	}
	if near := recon.Near(name, names, 3); len(near) > 0 {
		return strings.Join(near, ", ") + " (did you mean that?)"
	}
	if len(names) > maxNamed {
		return strings.Join(names[:maxNamed], ", ") + fmt.Sprintf(" and %d more", len(names)-maxNamed)
	}
	return strings.Join(names, ", ")
}

// pick returns the columns of the schema that are in any of the lists, in the
// schema's order.
func pick(schema *arrow.Schema, lists ...[]string) []string {
	var out []string
	for _, f := range schema.Fields() {
		if slices.ContainsFunc(lists, func(l []string) bool { return slices.Contains(l, f.Name) }) {
			out = append(out, f.Name)
		}
	}
	return out
}

// project returns the schema of some columns, in their order.
func project(schema *arrow.Schema, columns []string) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, name := range columns {
		found, _ := schema.FieldsByName(name)
		fields[i] = found[0]
	}
	return arrow.NewSchema(fields, nil)
}
