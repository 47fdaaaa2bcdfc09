package runner_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

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

func smallJob(t *testing.T, sql string) *recon.Job {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "l.csv"), []byte("id,n\n1,10\n2,20\n3,30\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "r.csv"), []byte("id,n\n1,10\n4,40\n"), 0o644))
	return &recon.Job{
		RunID: "small", MatchSQL: sql, OutputPath: "out", PrimaryKeys: map[string][]string{"l": {"id"}, "r": {"id"}},
		Sources: []recon.Source{{Alias: "l", URI: recon.URI(filepath.Join(dir, "l.csv"))}, {Alias: "r", URI: recon.URI(filepath.Join(dir, "r.csv"))}},
	}
}

const smallJoin = "SELECT l.id, r.id FROM l JOIN r ON l.id = r.id"

// lastStages runs a job and returns what was told of its stages last.
func lastStages(t *testing.T, run *runner.Runner, job *recon.Job) ([]recon.StageStatus, error) {
	t.Helper()
	var last []recon.StageStatus
	_, err := run.Run(t.Context(), job, time.Now(), func(p recon.Progress) {
		if p.Stages != nil {
			last = p.Stages
		}
	})
	var staged *runner.StageError
	if errors.As(err, &staged) {
		last = staged.Stages
	}
	return last, err
}

func steps(s recon.StageStatus) map[string]int64 {
	rows := map[string]int64{}
	for _, step := range s.TaskList[0].Steps {
		rows[step.Name] = step.Rows
	}
	return rows
}

func TestAJobInProcessShowsItsSteps(t *testing.T) {
	t.Parallel()
	stages, err := lastStages(t, newRunner(t, t.TempDir(), engine.Config{Threads: 2}), smallJob(t, smallJoin))
	require.NoError(t, err)
	require.Len(t, stages, 1)
	s := stages[0]
	assert.Equal(t, recon.WorkSucceeded, s.State)
	assert.Equal(t, [4]int{1, 0, 1, 0}, [4]int{s.Tasks, s.TasksRunning, s.TasksDone, s.TasksFailed})
	assert.EqualValues(t, 5, s.RowsIn)
	assert.EqualValues(t, 4, s.RowsOut, "1 match, 2 and 1 rows left over")
	assert.Equal(t, map[string]int64{
		"describe": 0, "plan": 0, "split": 0, "load l": 3, "load r": 2, "match": 1, "count": 0,
		"keys_left": 0, "keys_right": 0, "matched": 1, "unmatched_left": 2, "unmatched_right": 1, "publish": 0,
	}, steps(s))
	task := s.TaskList[0]
	for i, step := range task.Steps {
		require.NotNil(t, step.FinishedAt, step.Name)
		assert.False(t, step.FinishedAt.Before(step.StartedAt), step.Name)
		if i > 0 {
			assert.Equal(t, *task.Steps[i-1].FinishedAt, step.StartedAt, "one after the other")
		}
	}
}

func TestAFailedJobShowsHowFarItGot(t *testing.T) {
	t.Parallel()
	stages, err := lastStages(t, newRunner(t, t.TempDir(), engine.Config{Threads: 2}), smallJob(t, smallJoin+" AND error('no good') IS NULL"))
	require.Error(t, err)
	require.Len(t, stages, 1)
	assert.Equal(t, recon.WorkFailed, stages[0].State)
	assert.Equal(t, 1, stages[0].TasksFailed)
	assert.Equal(t, err.Error(), stages[0].TaskList[0].Error)
	assert.Contains(t, steps(stages[0]), "match")
	assert.NotContains(t, steps(stages[0]), "matched")
}

// distributed is an engine that tells of stages of its own and then fails.
type distributed struct{ told []plan.StageStatus }

func (distributed) Places() int { return 2 }

func (d distributed) Run(_ context.Context, _ plan.Job, o plan.Observer) error {
	o.Stages(d.told)
	return recon.Input(errors.New("no good"))
}

// runner returns a runner whose jobs fail as the engine has it.
func (d distributed) runner(t *testing.T) *runner.Runner {
	store := blob.NewLocal(blob.LocalConfig{})
	sources := source.NewRegistry()
	sources.AddFormat("csv", csv.New(store, csv.Config{}))
	return runner.New(runner.Config{StagingPath: t.TempDir()}, runner.Parts{
		Sources: sources, Store: store, Engine: d, Log: slog.New(slog.DiscardHandler),
		Binder: func() (runner.Binder, error) { return engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()}) },
	})
}

func TestAJobOfOneTaskShowsWhoHasIt(t *testing.T) {
	t.Parallel()
	began, ended := time.Unix(1700000000, 0), time.Unix(1700000007, 0)
	told := []plan.StageStatus{{ID: 0, Name: "everything", State: plan.StageRunning, Why: []string{"it is small"}, Tasks: 1, Running: 1, Retries: 1, Attempts: []plan.TaskStatus{
		{Executor: "e1", State: plan.StageFailed, Started: began, Finished: ended, Error: "lost"},
		{Executor: "e2", Attempt: 1, State: plan.StageRunning, Started: ended},
	}}}
	stages, err := lastStages(t, distributed{told}.runner(t), smallJob(t, smallJoin))
	require.Error(t, err)
	require.Len(t, stages, 1)
	assert.Equal(t, "it is small", stages[0].Reason)
	require.Len(t, stages[0].TaskList, 2)
	first, second := stages[0].TaskList[0], stages[0].TaskList[1]
	assert.Equal(t, []any{"e1", 1, recon.WorkFailed, "lost"}, []any{first.Executor, first.Attempt, first.State, first.Error})
	assert.Equal(t, []any{"e2", 2, recon.WorkFailed, err.Error()}, []any{second.Executor, second.Attempt, second.State, second.Error})
	assert.Contains(t, second.Steps[0].Name, "describe")
}

func TestNothingOfAFailedJobRunsOn(t *testing.T) {
	t.Parallel()
	began, done := time.Unix(1700000000, 0), time.Unix(1700000007, 0)
	told := []plan.StageStatus{
		{ID: 0, Name: "scan l", State: plan.StageDone, Reads: true, Tasks: 2, Done: 2, Started: began, Finished: done},
		{ID: 1, Name: "join", State: plan.StageRunning, Tasks: 2, Running: 1, Started: began, Attempts: []plan.TaskStatus{
			{Task: 0, Executor: "e1", State: plan.StageFailed, Started: began, Finished: done, Error: "lost"},
			{Task: 1, Executor: "e2", State: plan.StageRunning, Started: began},
		}},
		{ID: 2, Name: "left over", State: plan.StageWaiting, Tasks: 1},
	}
	stages, err := lastStages(t, distributed{told}.runner(t), smallJob(t, smallJoin))
	require.Error(t, err)
	require.Len(t, stages, 3)
	assert.Equal(t, recon.WorkSucceeded, stages[0].State)
	assert.Equal(t, done.Unix(), stages[0].FinishedAt.Unix())
	assert.Equal(t, recon.WorkFailed, stages[1].State)
	assert.NotNil(t, stages[1].FinishedAt)
	assert.Zero(t, stages[1].TasksRunning)
	assert.Equal(t, recon.WorkFailed, stages[1].TaskList[0].State)
	assert.Equal(t, recon.WorkCancelled, stages[1].TaskList[1].State)
	assert.NotNil(t, stages[1].TaskList[1].FinishedAt)
	assert.Equal(t, recon.WorkPending, stages[2].State)
}

func TestAResultSaysWhatMoved(t *testing.T) {
	t.Parallel()
	alone, err := newRunner(t, t.TempDir(), engine.Config{Threads: 2}).Run(t.Context(), smallJob(t, smallJoin), time.Now(), func(recon.Progress) {})
	require.NoError(t, err)
	assert.Positive(t, alone.ReadBytes)
	assert.Zero(t, alone.ShuffledBytes)
	split, err := newRunnerFor(t, t.TempDir(), engine.Config{Threads: 2}, 2, 2, false).Run(t.Context(), smallJob(t, smallJoin), time.Now(), func(recon.Progress) {})
	require.NoError(t, err)
	assert.Equal(t, alone.ReadBytes, split.ReadBytes)
	assert.Positive(t, split.ShuffledBytes)
}
