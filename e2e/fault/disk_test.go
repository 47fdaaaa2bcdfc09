package fault_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/e2e/ledger"
	"kallad/e2e/stack"
	"kallad/e2e/verdict"
)

// disk is the size of a disk that a test fills. Unit: bytes.
const disk = 32 << 20

// A disk that fills up while a job runs fails the job, which says so; with room
// again, all is well again. No half file is left under a file's final name.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	w := newData(t)
	volume := w.stack.Volume(disk)
	w.Scheduler = w.stack.Scheduler(nil, stack.Mount(volume, "/var/lib/kallad/staging"))
	filler := w.stack.Client("filler", stack.Mount(volume, "/disk"))
	p := ledger.Named("many-to-many")
	truth := w.truth(t, p)
	job := w.job(p)
	job.OutputPath = "runs/" + job.RunID
	w.held(t, job)
	code, said := filler.Exec("dd", "if=/dev/zero", "of=/disk/filling", "bs=64k")
	require.NotZero(t, code)
	require.Contains(t, said, "No space left")
	w.open(t)
	failed := w.Failed(t, job)
	assert.Contains(t, strings.ToLower(failed.Body.Error), "no space left")
	_, listed := filler.Exec("find", "/disk/"+job.OutputPath, "-name", "*.parquet", "-not", "-name", ".*")
	assert.NotContains(t, listed, "matched.parquet")
	filler.Do("rm", "/disk/filling")
	again := w.job(p)
	again.OutputPath = "runs/" + again.RunID
	w.Scheduler.Post(again)
	w.Right(t, again, p, truth)
	w.Once(t, job, again)
	status, _ := w.Scheduler.Ask(http.MethodGet, "/ready", nil)
	assert.Equal(t, http.StatusOK, status)
}

// One executor's disk is full, and nothing that tasks write stays in memory:
// the other executor does what this one can't.
func TestFullDiskOfOneExecutor(t *testing.T) {
	t.Parallel()
	w := newData(t)
	w.Scheduler = w.stack.Scheduler(settings)
	volume := w.stack.Volume(disk)
	tight := map[string]string{"SHUFFLE_MEMORY": "1MB", "MEMORY_LIMIT": "700MB", "DRAIN_TIMEOUT": "20s"}
	w.executors = append(w.executors,
		w.stack.Executor("executor-1", tight, stack.Mount(volume, "/var/lib/kallad/temp")),
		w.stack.Executor("executor-2", tight))
	w.Scheduler.Executors(2, verdict.Patience)
	filler := w.stack.Client("filler", stack.Mount(volume, "/disk"))
	p := ledger.Named("many-to-many")
	truth := w.truth(t, p)
	job := w.job(p)
	w.held(t, job)
	filler.Exec("dd", "if=/dev/zero", "of=/disk/filling", "bs=64k")
	w.open(t)
	w.Right(t, job, p, truth)
	w.Once(t, job)
}
