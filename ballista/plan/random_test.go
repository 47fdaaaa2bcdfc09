package plan_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
	"kallad/ballista/plan/plantest"
)

var (
	randomRuns = flag.Int("random.runs", 150, "how many random queries are run split and unsplit")
	randomSeed = flag.Uint64("random.seed", 1, "the first random query")
	randomShow = flag.Bool("random.show", false, "print the random queries that one task runs")
	randomTime = flag.Duration("random.time", time.Minute, "no further random query is begun after that; 0: no limit")
)

// TestRandomQueries runs random queries over random tables as one session
// does, and as stages of tasks, and compares.
func TestRandomQueries(t *testing.T) {
	t.Parallel()
	started := time.Now()
	tally := &plantest.Tally{}
	bench := newRig(t)
	for i := range uint64(*randomRuns) {
		if *randomTime > 0 && time.Since(started) > *randomTime {
			break
		}
		c := plantest.Generate(*randomSeed + i)
		if err := bench.check(t.Context(), c, tally); err != nil {
			t.Fatalf("%s\n\n%v", c, err)
		}
		if i%1000 == 999 {
			t.Log(tally)
		}
	}
	t.Log(tally)
	require.NoError(t, tally.Check())
}

// TestFoundQueries runs the random queries that found something, which are in
// testdata/random as they were printed.
func TestFoundQueries(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/random/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	bench := newRig(t)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		c, err := plantest.Read(string(text))
		require.NoError(t, err, file)
		require.Equal(t, string(text), c.String(), "a case is written as it is read")
		tally := &plantest.Tally{}
		require.NoError(t, bench.check(t.Context(), c, tally), "%s\n%s", file, c)
		require.Zero(t, tally.Unusable+tally.Failed, file)
	}
}

// rig is the sessions that random queries run in.
type rig struct{ sources, tasks *engine.Session }

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{}
	for _, s := range []**engine.Session{&r.sources, &r.tasks} {
		session, err := engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()})
		require.NoError(t, err)
		t.Cleanup(func() { session.Close() })
		*s = session
	}
	return r
}

func (r *rig) check(ctx context.Context, c plantest.Case, a *plantest.Tally) error {
	for _, t := range c.Tables {
		defer r.sources.Exec(ctx, "DROP TABLE "+t.Name)
	}
	if err := c.Load(ctx, r.sources); err != nil {
		return err
	}
	run := &plantest.Interpreter{Sources: r.sources, Session: r.tasks}
	whole, err := r.graph(ctx, c, 0)
	if errors.Is(err, plantest.ErrUnusable) {
		a.Unusable++
		return nil
	}
	if err != nil {
		return err
	}
	patient, end := context.WithTimeout(ctx, plantest.Patience)
	want, err := run.Run(patient, whole)
	end()
	if err != nil {
		a.Failed++
		return nil
	}
	graph, err := r.graph(ctx, c, 4)
	if err != nil {
		return err
	}
	if a.Note(graph) {
		if *randomShow {
			fmt.Printf("%s\n%s\n%s\n\n", strings.Join(graph.Stages[0].Why, "; "), c.Sizes(), c.SQL)
		}
		return nil
	}
	run.Twice = c.Seed%4 == 0
	branches := []bool{true}
	if len(graph.Choices) > 0 {
		branches = []bool{true, false}
	}
	for _, then := range branches {
		run.Choose = func(plan.Choice) bool { return then }
		got, err := run.Run(ctx, graph)
		if err != nil {
			return fmt.Errorf("%s\n%w", graph, err)
		}
		a.Compared(got)
		if d := c.Difference(want, got); d != "" {
			return fmt.Errorf("%s\n%s", graph, d)
		}
	}
	return nil
}

func (r *rig) graph(ctx context.Context, c plantest.Case, places int) (plan.Graph, error) {
	request, err := c.Request(ctx, r.sources, places)
	if err != nil {
		return plan.Graph{}, err
	}
	return plan.Plan(ctx, r.sources, request)
}
