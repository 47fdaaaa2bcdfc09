package runner_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
	"kallad/ballista/runner"
	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/csv"
)

// knowing opens CSV files of which it knows more than is in them.
type knowing struct {
	source.Opener
	unique   [][]string
	nullable bool
}

func (k knowing) Open(ctx context.Context, uri recon.URI) (source.Source, error) {
	src, err := k.Opener.Open(ctx, uri)
	return knowingSource{src, k}, err
}

type knowingSource struct {
	source.Source
	by knowing
}

func (s knowingSource) Describe(ctx context.Context) (*source.Description, error) {
	d, err := s.Source.Describe(ctx)
	if err != nil {
		return nil, err
	}
	fields := d.Schema.Fields()
	for i := range fields {
		fields[i].Nullable = s.by.nullable
	}
	d.Schema, d.Unique = arrow.NewSchema(fields, nil), s.by.unique
	return d, nil
}

// Keys that a source knows to be unique are not counted, and each row is
// looked up where it was matched, without a stage that finds which keys several
// rows have; null keys, of which there may be many, want that.
func TestKeysThatASourceKnowsToBeUnique(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		knowing
		keys            []string
		counted, staged bool
	}{
		"nothing known":    {knowing{}, []string{"id"}, true, true},
		"the key":          {knowing{unique: [][]string{{"id"}}}, []string{"id"}, false, false},
		"a part of it":     {knowing{unique: [][]string{{"m"}, {"id"}}}, []string{"n", "id"}, false, false},
		"more than it":     {knowing{unique: [][]string{{"id", "n"}}}, []string{"id"}, true, true},
		"something else":   {knowing{unique: [][]string{{"m"}}}, []string{"id", "n"}, true, true},
		"nulls may be any": {knowing{unique: [][]string{{"id"}}, nullable: true}, []string{"id"}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			graph := explain(t, c.knowing, c.keys)
			staged := false
			for _, s := range graph.AllStages() {
				staged = staged || s.Name == "duplicate keys of l"
			}
			assert.Equal(t, c.staged, staged, graph)
			for _, s := range graph.AllStages() {
				for _, step := range s.Steps {
					if step.Name != "keys_left" {
						continue
					}
					// Where they are matched, no two rows have one key: those are looked up apart.
					want := c.counted && s.Name != "match"
					assert.Equal(t, want, strings.Contains(step.SQL, "DISTINCT") || strings.Contains(step.SQL, "GROUP BY"), "%s: %s", s.Name, step.SQL)
					assert.Contains(t, step.SQL, "IS NULL", "null keys are counted in any case")
				}
			}
		})
	}
}

// explain plans a job that brings rows together by what is no key.
func explain(t *testing.T, sources knowing, keys []string) plan.Graph {
	t.Helper()
	dir := t.TempDir()
	store := blob.NewLocal(blob.LocalConfig{})
	registry := source.NewRegistry()
	sources.Opener = csv.New(store, csv.Config{})
	registry.AddFormat("csv", sources)
	run := runner.New(runner.Config{StagingPath: t.TempDir(), Partitions: 2}, runner.Parts{
		Sources: registry, Store: store, Engine: distributed{}, Log: slog.New(slog.DiscardHandler),
		Binder: func() (runner.Binder, error) { return engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()}) },
	})
	job := &recon.Job{
		RunID: "unique", MatchSQL: "SELECT l.id, r.id FROM l JOIN r ON l.m = r.m", OutputPath: "out",
		PrimaryKeys: map[string][]string{"l": keys, "r": {"id"}},
	}
	for _, alias := range []string{"l", "r"} {
		path := filepath.Join(dir, alias+".csv")
		require.NoError(t, os.WriteFile(path, []byte("id,n,m\n1,10,5\n2,20,5\n"), 0o600))
		job.Sources = append(job.Sources, recon.Source{Alias: alias, URI: recon.URI(path)})
	}
	graph, err := run.Explain(t.Context(), job, 2)
	require.NoError(t, err)
	return graph
}
