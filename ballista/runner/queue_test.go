package runner_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/ballista/runner"
	"kallad/worker/callback"
	"kallad/worker/journal"
	"kallad/worker/metrics"
	"kallad/worker/recon"
)

// listener is a caller that notes what it is told; answer says what comes of it.
type listener struct {
	answer func(d callback.Delivery) error

	mu  sync.Mutex
	got []callback.Delivery
}

func (l *listener) Post(ctx context.Context, d callback.Delivery) error {
	if d.Event == callback.EventProgress {
		return nil
	}
	l.mu.Lock()
	l.got = append(l.got, d)
	l.mu.Unlock()
	if l.answer != nil {
		return l.answer(d)
	}
	return ctx.Err()
}

func (l *listener) finals() []callback.Delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.got)
}

// works runs jobs: each says that it began and ends when its channel is closed.
type works struct {
	began chan string

	mu      sync.Mutex
	ends    map[string]chan struct{}
	cleared []string
	at      map[string]time.Time
}

func newWorks() *works {
	return &works{began: make(chan string, 100), ends: map[string]chan struct{}{}, at: map[string]time.Time{}}
}

func (w *works) end(runID string) chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ends[runID] == nil {
		w.ends[runID] = make(chan struct{})
	}
	return w.ends[runID]
}

func (w *works) Run(ctx context.Context, job *recon.Job, acceptedAt time.Time, _ func(recon.Progress)) (*recon.Result, error) {
	w.mu.Lock()
	w.at[job.RunID] = acceptedAt
	w.mu.Unlock()
	w.began <- job.RunID
	select {
	case <-w.end(job.RunID):
		return &recon.Result{RunID: job.RunID, MatchedCount: int64(len(job.MatchSQL)), StageSeconds: map[recon.Stage]float64{}}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *works) Clear(_ context.Context, job *recon.Job, _ time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cleared = append(w.cleared, job.RunID)
	return nil
}

// process is a daemon's queue with what it stands on.
type process struct {
	*runner.Queue
	path    string // of the journal
	works   *works
	caller  *listener
	sender  *callback.Sender
	journal *journal.Journal
	now     atomic.Int64 // seconds that the clock is ahead
	disk    *moodyFolder
}

// moodyFolder is a folder whose disk is full whenever the test says so.
type moodyFolder struct {
	journal.Folder
	full atomic.Bool
}

func (f *moodyFolder) Create(name string) (journal.File, error) {
	file, err := f.Folder.Create(name)
	return &moodyFile{file, f}, err
}

type moodyFile struct {
	journal.File
	folder *moodyFolder
}

func (f *moodyFile) WriteAt(p []byte, at int64) (int, error) {
	if f.folder.full.Load() {
		return 0, syscall.ENOSPC
	}
	return f.File.WriteAt(p, at)
}

func begin(t *testing.T, path string, tune func(*runner.QueueConfig)) *process {
	t.Helper()
	return beginHeld(t, path, tune, nil)
}

// beginHeld begins a process whose jobs wait for places.
func beginHeld(t *testing.T, path string, tune func(*runner.QueueConfig), places <-chan struct{}) *process {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	p := &process{path: path, works: newWorks(), caller: &listener{}}
	cfg := runner.DefaultQueueConfig()
	cfg.MaxJobs = 1
	cfg.Now = func() time.Time { return time.Now().Add(time.Duration(p.now.Load()) * time.Second) }
	if tune != nil {
		tune(&cfg)
	}
	require.NoError(t, cfg.Validate())
	folder, err := journal.OpenFolder(path)
	require.NoError(t, err)
	p.disk = &moodyFolder{Folder: folder}
	m := metrics.New(prometheus.NewRegistry(), "")
	jcfg := journal.DefaultConfig()
	jcfg.Retry = 5 * time.Millisecond
	p.journal, err = journal.Open(jcfg, p.disk, m.Journal, log)
	require.NoError(t, err)
	ccfg := callback.DefaultConfig()
	ccfg.Grace, ccfg.BackoffFirst, ccfg.BackoffMax = 0, 2*time.Millisecond, 2*time.Millisecond
	p.sender = callback.New(ccfg, p.caller, m.Callback, log)
	p.Queue, err = runner.NewQueue(cfg, runner.QueueParts{Runner: p.works, Sender: p.sender, Journal: p.journal, Metrics: m.Runner, Log: log, Places: places})
	require.NoError(t, err)
	t.Cleanup(func() { p.stop(t) })
	return p
}

func (p *process) start(t *testing.T) {
	t.Helper()
	require.NoError(t, p.Start(t.Context()))
}

// stop ends a process as SIGTERM does that has no time for anything.
func (p *process) stop(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.NoError(t, p.Stop(ctx))
	assert.NoError(t, p.sender.Stop(ctx))
	_ = p.journal.Close()
}

// afterlife returns the journal as a new process would find it if this one were
// killed now. This one goes on, and nobody hears of it.
func (p *process) afterlife(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, os.CopyFS(path, os.DirFS(p.path)))
	return path
}

func jobOf(runID, sql string) *recon.Job {
	return &recon.Job{RunID: runID, CallbackURL: "http://u:secret@app/", MatchSQL: sql, Sources: []recon.Source{{Alias: "l", URI: "postgres://u:secret@h/db?table=t"}}}
}

// post posts a job and has its answer arrive.
func (p *process) post(t *testing.T, runID string) {
	t.Helper()
	s, err := p.Submit(t.Context(), jobOf(runID, "SELECT 1"))
	require.NoError(t, err)
	assert.False(t, s.Existing)
	s.Written()
}

func (p *process) awaitState(t *testing.T, runID string, state recon.State) recon.JobStatus {
	t.Helper()
	var status recon.JobStatus
	require.Eventually(t, func() bool {
		status, _ = p.Job(runID)
		return status.State == state
	}, 10*time.Second, time.Millisecond)
	return status
}

func (p *process) awaitFinals(t *testing.T, n int) []callback.Delivery {
	t.Helper()
	require.Eventually(t, func() bool { return len(p.caller.finals()) >= n }, 10*time.Second, time.Millisecond)
	return p.caller.finals()
}

func newPath(t *testing.T) string { return filepath.Join(t.TempDir(), "journal") }

func TestAcceptedJobsRunAfterADeathInTheirOrder(t *testing.T) {
	t.Parallel()
	p := begin(t, newPath(t), nil)
	p.start(t)
	for _, id := range []string{"c", "a", "b"} {
		p.post(t, id)
	}
	require.Equal(t, "c", <-p.works.began)
	accepted, _ := p.Job("c")

	q := begin(t, p.afterlife(t), nil)
	status, _ := q.Job("c")
	assert.Equal(t, recon.StateQueued, status.State)
	assert.Equal(t, 1, status.QueuePosition)
	s, err := q.Submit(t.Context(), jobOf("c", "SELECT 1"))
	require.NoError(t, err)
	assert.True(t, s.Existing, "it is known before anything runs")
	q.start(t)
	for _, id := range []string{"c", "a", "b"} {
		require.Equal(t, id, <-q.works.began)
		close(q.works.end(id))
	}
	var told []string
	for _, final := range q.awaitFinals(t, 3) {
		told = append(told, final.ID)
	}
	assert.ElementsMatch(t, []string{"c/final", "a/final", "b/final"}, told, "callbacks of different jobs wait for one another in no order")
	assert.True(t, accepted.SubmittedAt.Equal(q.works.at["c"]), "so the evidence is the same")
	assert.Equal(t, 1, q.awaitState(t, "c", recon.StateSucceeded).Restarts)
	assert.Zero(t, q.awaitState(t, "b", recon.StateSucceeded).Restarts)
	assert.Equal(t, []string{"c", "a", "b"}, q.works.cleared, "what the dead left behind is cleared away first")
}

func TestJobsWaitForTheirPlaces(t *testing.T) {
	t.Parallel()
	p := begin(t, newPath(t), nil)
	p.caller.answer = func(callback.Delivery) error { return errors.New("refused") }
	p.start(t)
	for _, id := range []string{"told", "run", "cancelled"} {
		p.post(t, id)
	}
	close(p.works.end(<-p.works.began))
	p.awaitState(t, "told", recon.StateSucceeded)
	require.Equal(t, "run", <-p.works.began)

	places := make(chan struct{})
	q := beginHeld(t, p.afterlife(t), nil, places)
	q.start(t)
	require.Equal(t, "told/final", q.awaitFinals(t, 1)[0].ID, "callers are told meanwhile")
	q.post(t, "new")
	require.NoError(t, q.Cancel(t.Context(), "cancelled"))
	require.Equal(t, "cancelled/final", q.awaitFinals(t, 2)[1].ID)
	require.NoError(t, q.Ready())
	require.Equal(t, recon.Load{MaxJobs: 1, QueuedJobs: 2, MaxQueue: 100}, q.Load())
	require.Empty(t, q.works.began)
	close(places)
	for _, id := range []string{"run", "new"} {
		require.Equal(t, id, <-q.works.began)
		close(q.works.end(id))
	}

	never := beginHeld(t, p.afterlife(t), nil, make(chan struct{}))
	never.start(t)
	never.stop(t) // and does not wait for places
	require.Empty(t, never.works.began)
}

func TestAnOutcomeIsOnDiskBeforeItIsTold(t *testing.T) {
	t.Parallel()
	p := begin(t, newPath(t), nil)
	left := make(chan string, 1)
	p.caller.answer = func(callback.Delivery) error {
		select {
		case left <- p.afterlife(t):
		default:
		}
		return errors.New("refused")
	}
	p.start(t)
	p.post(t, "a")
	close(p.works.end(<-p.works.began))
	path := <-left
	first := p.awaitFinals(t, 1)[0]

	q := begin(t, path, nil)
	status := q.awaitState(t, "a", recon.StateSucceeded)
	assert.Equal(t, recon.CallbackPending, status.Callback)
	assert.EqualValues(t, 8, status.Result.MatchedCount)
	q.caller.answer = func(d callback.Delivery) error {
		if d.Attempt < 3 {
			return errors.New("refused")
		}
		return nil
	}
	q.start(t)
	for _, d := range q.awaitFinals(t, 3) {
		assert.Equal(t, first.ID, d.ID)
		assert.Equal(t, string(first.Body), string(d.Body))
	}
	require.Eventually(t, func() bool { s, _ := q.Job("a"); return s.Callback == recon.CallbackAcknowledged }, 10*time.Second, time.Millisecond)
	assert.Empty(t, q.works.began, "it is not run again")

	r := begin(t, q.pathAfterSync(t), nil)
	r.start(t)
	r.post(t, "b")
	close(r.works.end("b"))
	assert.Equal(t, "b/final", r.awaitFinals(t, 1)[0].ID, "nobody hears of a again")
	s, err := r.Submit(t.Context(), jobOf("a", "SELECT 1"))
	require.NoError(t, err)
	assert.True(t, s.Existing)
	assert.Equal(t, recon.StateSucceeded, s.Status.State)
	_, err = r.Submit(t.Context(), jobOf("a", "SELECT 2"))
	assert.ErrorIs(t, err, recon.ErrConflict)
}

// pathAfterSync is afterlife once what was submitted to the journal is written.
func (p *process) pathAfterSync(t *testing.T) string {
	t.Helper()
	require.NoError(t, p.journal.Put("", []byte("{}")).Wait())
	return p.afterlife(t)
}

func TestACancelledJobStaysCancelled(t *testing.T) {
	t.Parallel()
	p := begin(t, newPath(t), nil)
	p.start(t)
	p.post(t, "runs")
	p.post(t, "waits")
	<-p.works.began
	stuck := make(chan struct{})
	t.Cleanup(func() { close(stuck) })
	p.caller.answer = func(callback.Delivery) error { <-stuck; return nil }
	require.NoError(t, p.Cancel(t.Context(), "waits"))
	assert.ErrorIs(t, p.Cancel(t.Context(), "waits"), recon.ErrFinished)
	require.NoError(t, p.Cancel(t.Context(), "runs"))

	q := begin(t, p.afterlife(t), nil)
	q.start(t)
	finals := q.awaitFinals(t, 2)
	for _, d := range finals {
		assert.Equal(t, callback.EventError, d.Event)
		assert.Contains(t, string(d.Body), "the job was cancelled")
	}
	q.awaitState(t, "runs", recon.StateCancelled)
	q.awaitState(t, "waits", recon.StateCancelled)
	assert.Empty(t, q.works.began)
}

func TestWaitingJobsOutliveAStop(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	p := begin(t, path, nil)
	p.caller.answer = func(callback.Delivery) error { return errors.New("refused") }
	p.start(t)
	p.post(t, "runs")
	p.post(t, "waits")
	<-p.works.began
	p.stop(t)
	status := p.awaitState(t, "runs", recon.StateFailed)
	assert.Contains(t, status.Error, "shut down")
	for _, d := range p.caller.finals() {
		assert.Equal(t, "runs/final", d.ID, "a waiting job has not ended")
	}

	q := begin(t, path, nil)
	q.start(t)
	require.Equal(t, "waits", <-q.works.began)
	close(q.works.end("waits"))
	finals := q.awaitFinals(t, 2)
	events := map[string]callback.Event{}
	for _, d := range finals {
		events[d.ID] = d.Event
	}
	assert.Equal(t, map[string]callback.Event{"runs/final": callback.EventError, "waits/final": callback.EventComplete}, events)
}

func TestAJobThatCannotBeStoredIsNotTaken(t *testing.T) {
	t.Parallel()
	p := begin(t, newPath(t), nil)
	p.start(t)
	p.post(t, "before")
	require.Equal(t, "before", <-p.works.began)
	p.disk.full.Store(true)
	_, err := p.Submit(t.Context(), jobOf("lost", "SELECT 1"))
	var later *recon.UnavailableError
	require.ErrorAs(t, err, &later)
	require.ErrorIs(t, err, recon.ErrNotStored)
	assert.Positive(t, later.RetryAfter)
	assert.ErrorIs(t, p.Ready(), recon.ErrNotStored)
	_, known := p.Job("lost")
	assert.False(t, known)
	close(p.works.end("before")) // its outcome has to wait for the disk, and its caller with it
	require.Never(t, func() bool { return len(p.caller.finals()) > 0 }, 50*time.Millisecond, time.Millisecond)
	p.disk.full.Store(false)
	p.awaitFinals(t, 1)
	require.Eventually(t, func() bool { return p.Ready() == nil }, 10*time.Second, time.Millisecond)
	p.post(t, "lost")

	q := begin(t, p.afterlife(t), nil)
	states := map[string]recon.State{}
	for _, s := range q.Jobs(recon.JobFilter{}) {
		states[s.RunID] = s.State
	}
	assert.Equal(t, map[string]recon.State{"before": recon.StateSucceeded, "lost": recon.StateQueued}, states)
}

func TestACallerDoesNotWaitForADiskForEver(t *testing.T) {
	t.Parallel()
	p := begin(t, newPath(t), func(c *runner.QueueConfig) { c.HoldBack = 20 * time.Millisecond })
	p.start(t)
	p.post(t, "a")
	<-p.works.began
	p.disk.full.Store(true)
	close(p.works.end("a"))
	p.awaitFinals(t, 1)
	require.Eventually(t, func() bool { s, _ := p.Job("a"); return s.Callback == recon.CallbackAcknowledged }, 10*time.Second, time.Millisecond)
	q := begin(t, p.afterlife(t), nil)
	q.awaitState(t, "a", recon.StateQueued) // the price: it runs again, and is told again
	p.disk.full.Store(false)
	require.Eventually(t, func() bool { return p.journal.Err() == nil }, 10*time.Second, time.Millisecond)
	r := begin(t, p.pathAfterSync(t), nil)
	assert.Equal(t, recon.CallbackAcknowledged, r.awaitState(t, "a", recon.StateSucceeded).Callback)
}

func TestOnePostOfManyIsTaken(t *testing.T) {
	t.Parallel()
	p := begin(t, newPath(t), nil)
	p.start(t)
	var group sync.WaitGroup
	var fresh, existing, conflicts atomic.Int32
	for i := range 30 {
		sql := "SELECT 1"
		if i%3 == 0 {
			sql = "SELECT 2"
		}
		group.Go(func() {
			s, err := p.Submit(context.Background(), jobOf("a", sql))
			switch {
			case errors.Is(err, recon.ErrConflict):
				conflicts.Add(1)
			case err != nil:
				t.Error(err)
			case s.Existing:
				existing.Add(1)
			default:
				fresh.Add(1)
				s.Written()
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, 1, fresh.Load())
	assert.EqualValues(t, 29, existing.Load()+conflicts.Load())
	assert.Contains(t, []int32{10, 20}, conflicts.Load())
	assert.Len(t, p.Jobs(recon.JobFilter{}), 1)
}

func TestTheQueueIsBoundedWhileJobsAreStored(t *testing.T) {
	t.Parallel()
	p := begin(t, newPath(t), func(c *runner.QueueConfig) { c.MaxQueue = 4 })
	p.start(t)
	var group sync.WaitGroup
	var taken atomic.Int32
	for i := range 50 {
		group.Go(func() {
			if _, err := p.Submit(context.Background(), jobOf(string(rune('A'+i)), "SELECT 1")); err == nil {
				taken.Add(1)
			} else {
				assert.ErrorIs(t, err, recon.ErrQueueFull)
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, 5, taken.Load(), "one runs and four wait")
}

func TestJobsThatKillTheDaemonRunAloneAndLast(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	var p *process
	for range 3 {
		p = begin(t, path, func(c *runner.QueueConfig) { c.MaxJobs = 2 })
		p.start(t)
		if path != p.path || len(p.Jobs(recon.JobFilter{})) == 0 {
			p.post(t, "deadly")
		}
		require.Equal(t, "deadly", <-p.works.began)
		path = p.pathAfterSync(t)
	}
	p = begin(t, path, func(c *runner.QueueConfig) { c.MaxJobs = 2 })
	status, _ := p.Job("deadly")
	assert.Equal(t, 1, status.QueuePosition)
	p.start(t)
	p.post(t, "one")
	require.Equal(t, "one", <-p.works.began, "others go first")
	p.now.Add(60)
	p.Tick()
	p.post(t, "two")
	require.Equal(t, "two", <-p.works.began, "as long as it has waited not too long")
	p.post(t, "three")
	status, _ = p.Job("deadly")
	assert.Equal(t, 2, status.QueuePosition)
	p.now.Add(660)
	p.Tick()
	close(p.works.end("one"))
	p.awaitState(t, "one", recon.StateSucceeded)
	assert.Empty(t, p.works.began, "now it wants its turn, and nobody may be beside it")
	close(p.works.end("two"))
	require.Equal(t, "deadly", <-p.works.began)
	assert.Empty(t, p.works.began, "nor begin while it runs")
	close(p.works.end("deadly"))
	require.Equal(t, "three", <-p.works.began)
	assert.Equal(t, 3, p.awaitState(t, "deadly", recon.StateSucceeded).Restarts)
	close(p.works.end("three"))
}

func TestASuspectCanBeCancelledBeforeItsTurn(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	for i := range 3 {
		p := begin(t, path, nil)
		p.start(t)
		if i == 0 {
			p.post(t, "deadly")
		}
		require.Equal(t, "deadly", <-p.works.began)
		path = p.pathAfterSync(t)
	}
	p := begin(t, path, nil)
	p.start(t)
	require.NoError(t, p.Cancel(t.Context(), "deadly"))
	assert.Equal(t, callback.EventError, p.awaitFinals(t, 1)[0].Event)
	p.now.Add(3600)
	p.Tick()
	assert.Empty(t, p.works.began)
}

func TestFinishedJobsAreForgottenByCountAndAge(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	p := begin(t, path, func(c *runner.QueueConfig) { c.Keep, c.KeepFor = 2, time.Hour })
	stuck := make(chan struct{})
	p.caller.answer = func(d callback.Delivery) error {
		if d.ID == "a/final" {
			<-stuck
		}
		return nil
	}
	p.start(t)
	ids := func(p *process) []string {
		out := []string{}
		for _, s := range p.Jobs(recon.JobFilter{}) {
			out = append(out, s.RunID)
		}
		slices.Sort(out)
		return out
	}
	for _, id := range []string{"a", "b", "c", "d"} {
		close(p.works.end(id))
		p.post(t, id)
	}
	require.Eventually(t, func() bool { return slices.Equal(ids(p), []string{"a", "c", "d"}) }, 10*time.Second, time.Millisecond,
		"the oldest goes, but not while its caller does not know")
	close(stuck)
	require.Eventually(t, func() bool { return slices.Equal(ids(p), []string{"c", "d"}) }, 10*time.Second, time.Millisecond)
	q := begin(t, p.pathAfterSync(t), func(c *runner.QueueConfig) { c.Keep, c.KeepFor = 2, time.Hour })
	assert.Equal(t, []string{"c", "d"}, ids(q))
	q.start(t)
	q.now.Add(3700)
	q.Tick()
	assert.Empty(t, ids(q))
	assert.Empty(t, recordedIn(t, q.pathAfterSync(t)))
}

// recordedIn reads the run_ids in a journal.
func recordedIn(t *testing.T, path string) []string {
	t.Helper()
	return slices.Sorted(maps.Keys(recordsOf(t, path)))
}

func recordsOf(t *testing.T, path string) map[string]string {
	t.Helper()
	folder, err := journal.OpenFolder(path)
	require.NoError(t, err)
	j, err := journal.Open(journal.DefaultConfig(), folder, metrics.New(prometheus.NewRegistry(), "").Journal, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	records := map[string]string{}
	require.NoError(t, j.Each(func(key string, value []byte) error {
		if key != "" { // pathAfterSync's
			records[key] = string(value)
		}
		return nil
	}))
	require.NoError(t, j.Close())
	return records
}

func TestCredentialsLeaveTheJournalWithTheJob(t *testing.T) {
	t.Parallel()
	p := begin(t, newPath(t), nil)
	stuck := make(chan struct{})
	p.caller.answer = func(callback.Delivery) error { <-stuck; return nil }
	p.start(t)
	p.post(t, "a")
	<-p.works.began
	assert.Contains(t, recordsOf(t, p.pathAfterSync(t))["a"], "postgres://u:secret@h")
	close(p.works.end("a"))
	p.awaitFinals(t, 1)
	record := recordsOf(t, p.pathAfterSync(t))["a"]
	assert.NotContains(t, record, "postgres:")
	assert.Contains(t, record, "http://u:secret@app/", "still needed")
	close(stuck)
	require.Eventually(t, func() bool { s, _ := p.Job("a"); return s.Callback == recon.CallbackAcknowledged }, 10*time.Second, time.Millisecond)
	path := p.pathAfterSync(t)
	assert.NotContains(t, recordsOf(t, path)["a"], "secret")
	files, err := filepath.Glob(filepath.Join(path, "*"))
	require.NoError(t, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "secret", "opening it wrote it anew")
	}
}

func TestAnUnreadableRecordIsLeftAlone(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	p := begin(t, path, nil)
	p.start(t)
	p.post(t, "a")
	<-p.works.began
	require.NoError(t, p.journal.Put("newer", []byte(`{"format": 2}`)).Wait())
	q := begin(t, p.pathAfterSync(t), nil)
	q.start(t)
	require.Equal(t, "a", <-q.works.began)
	assert.Equal(t, []string{"a", "newer"}, recordedIn(t, q.pathAfterSync(t)))
}
