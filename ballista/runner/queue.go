package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"kallad/worker/callback"
	"kallad/worker/journal"
	"kallad/worker/lifecycle"
	"kallad/worker/metrics"
	"kallad/worker/recon"
)

// QueueConfig bounds a queue.
type QueueConfig struct {
	// MaxJobs is how many jobs run at once. Default 4.
	MaxJobs int
	// MaxQueue is how many more may wait. Default 100.
	MaxQueue int
	// JobTimeout ends a job that runs longer. Default 0: never.
	JobTimeout time.Duration
	// Keep is how many finished jobs are remembered. Default 1000.
	Keep int
	// KeepFor is how long finished jobs are remembered; 0 is for ever. Default
	// 7 days.
	KeepFor time.Duration
	// HoldBack is how long the disk may keep a job's outcome from being recorded
	// before its caller is told nevertheless. Default 10 s.
	HoldBack time.Duration
	// RetryAfter is told to a caller that is refused. Default 5 s.
	RetryAfter time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// DefaultQueueConfig returns the defaults.
func DefaultQueueConfig() QueueConfig {
	return QueueConfig{
		MaxJobs: 4, MaxQueue: 100, Keep: 1000, KeepFor: 7 * 24 * time.Hour,
		HoldBack: 10 * time.Second, RetryAfter: 5 * time.Second, Now: time.Now,
	}
}

// Validate reports every setting that can't work.
func (c QueueConfig) Validate() error {
	var problems []error
	if c.MaxJobs < 1 {
		problems = append(problems, fmt.Errorf("at most %d jobs at once: want at least 1", c.MaxJobs))
	}
	if c.MaxQueue < 0 {
		problems = append(problems, fmt.Errorf("a queue of %d jobs: want 0 or more", c.MaxQueue))
	}
	if c.JobTimeout < 0 {
		problems = append(problems, fmt.Errorf("a job timeout of %s: want 0 or more", c.JobTimeout))
	}
	if c.Keep < 0 {
		problems = append(problems, fmt.Errorf("keep %d finished jobs: want 0 or more", c.Keep))
	}
	if c.KeepFor < 0 {
		problems = append(problems, fmt.Errorf("keep finished jobs for %s: want 0 or more", c.KeepFor))
	}
	return errors.Join(problems...)
}

// jobRunner runs one job, as Runner does.
type jobRunner interface {
	Run(ctx context.Context, job *recon.Job, acceptedAt time.Time, report func(recon.Progress)) (*recon.Result, error)
	// Clear removes what a run of the job left behind that was killed.
	Clear(ctx context.Context, job *recon.Job, acceptedAt time.Time) error
}

// QueueParts are the collaborators of a Queue. The queue alone writes to the
// journal; whoever opened it closes it, after the sender has stopped.
type QueueParts struct {
	Runner  jobRunner
	Sender  *callback.Sender
	Journal *journal.Journal
	Metrics metrics.Runner
	Log     *slog.Logger
	// Places is closed when whoever is to run the jobs is there, or was waited
	// for long enough: no job starts before. Nil: they may start at once.
	Places <-chan struct{}
}

// Queue takes jobs, runs a bounded number at once in the order in which they
// came, tells their callers, and answers for all of them. It is a
// lifecycle.Service.
//
// What it has taken it has in its journal, so that the death of the process
// loses no job and no final callback:
//
//  1. A job is in the journal before its POST is answered. One that could not
//     be written was not taken, and is not there after a restart either.
//  2. A job without an outcome in the journal is run from the start after a
//     restart. Its evidence may have been published: the new run replaces it,
//     file by file, with what the sources say then.
//  3. An outcome is in the journal before its final callback is sent for the
//     first time. So there is one outcome per job, and every attempt to tell it
//     has the same delivery id and the same bytes, also after a restart. (While
//     the disk takes nothing, a callback waits for a while and is then sent
//     nevertheless; only a death at that time can lead to a second outcome.)
//  4. That a final callback was acknowledged, or given up, is put into the
//     journal as soon as it is known. A death between the caller's answer and
//     that is the one case in which a caller hears the same twice.
//  5. A job that was cancelled, with a 202 as the answer, does not run again.
//  6. The job with its credentials leaves the journal with its outcome, the
//     callback's URL with the acknowledgement; both are gone from the disk when
//     the journal is next written anew.
type Queue struct {
	cfg   QueueConfig
	parts QueueParts
	log   *slog.Logger
	group *lifecycle.Group
	feed  feed

	mu      sync.Mutex
	entries map[string]*entry
	order   []*entry // all that are remembered, oldest first
	waiting []*entry
	// accepting are the run_ids that are being written to the journal; their
	// channels are closed when that is over.
	accepting map[string]chan struct{}
	suspects  suspects
	running   int
	finished  int    // how many of order have ended and were told
	number    uint64 // of the next job
	started   bool
	held      bool // until Places is closed
	draining  bool
}

// entry is one job that was taken.
type entry struct {
	number      uint64
	digest      string
	job         *recon.Job      // nil once the job has ended: it holds credentials
	text        json.RawMessage // the job as it was posted, as long
	callbackURL string          // empty once the caller was told
	origin      origin
	notifier    *callback.Notifier
	status      recon.JobStatus
	runs        int // how often it was begun
	recovered   bool
	cancelled   bool
	ending      bool // its outcome is known
	final       *callback.Final
	cancel      context.CancelCauseFunc // set while the job runs
}

var (
	errCancelled = errors.New("the job was cancelled")
	errShutdown  = errors.New("the scheduler shut down before the job was done; post it again under another run_id")
)

// NewQueue returns a queue that has taken up the jobs of its journal, and runs
// nothing before Start; cfg must be valid.
func NewQueue(cfg QueueConfig, parts QueueParts) (*Queue, error) {
	q := &Queue{
		cfg: cfg, parts: parts, log: parts.Log, group: lifecycle.NewGroup(context.Background()),
		entries: map[string]*entry{}, accepting: map[string]chan struct{}{},
	}
	if err := q.recover(); err != nil {
		return nil, err
	}
	return q, nil
}

// housekeeping is the time between two looks at jobs that wait for a time to
// come: to be run after all, or to be forgotten.
const housekeeping = time.Second

// Start implements lifecycle.Service: callers are told from now on, and jobs
// run as soon as there are places for them.
func (q *Queue) Start(context.Context) error {
	q.resume()
	if q.parts.Places != nil {
		q.group.Go("places", func(context.Context) error {
			select {
			case <-q.group.Draining():
			case <-q.parts.Places:
				q.letGo()
			}
			return nil
		})
	}
	q.group.Go("housekeeping", func(context.Context) error {
		tick := time.NewTicker(housekeeping)
		defer tick.Stop()
		for {
			select {
			case <-q.group.Draining():
				return nil
			case <-tick.C:
				q.tick()
			}
		}
	})
	return nil
}

// letGo lets the jobs start that were held.
func (q *Queue) letGo() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = false
	q.startNext()
}

func (q *Queue) tick() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.startNext()
	q.forget()
}

// Stop implements lifecycle.Service: no job is taken any more, waiting ones
// stay in the journal for the next start, running ones have until ctx is done,
// then they end with an error callback.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	q.draining = true
	waiting := append(q.waiting[:len(q.waiting):len(q.waiting)], q.suspects.list...)
	for _, e := range waiting {
		e.notifier.Discard()
	}
	for _, e := range q.order {
		if !q.started && e.notifier != nil {
			e.notifier.Discard()
		}
	}
	if len(waiting) > 0 {
		q.log.Info("jobs that wait are kept, and run after the next start", "jobs", len(waiting))
	}
	q.mu.Unlock()
	stop := context.AfterFunc(ctx, q.cancelRunning)
	defer stop()
	return q.group.Stop(context.WithoutCancel(ctx))
}

func (q *Queue) cancelRunning() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range q.order {
		if e.cancel != nil {
			e.cancel(errShutdown)
		}
	}
}
