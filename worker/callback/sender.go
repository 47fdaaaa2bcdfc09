package callback

import (
	"context"
	"log/slog"
	"sync"

	"kallad/worker/recon"
)

// Sender sends the callbacks of all jobs, each job's in a goroutine of its
// own, which outlives the job while its final callback is being retried.
type Sender struct {
	cfg      Config
	progress Poster
	final    Poster
	meter    Meter
	log      *slog.Logger

	ctx    context.Context
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	stopped bool
	senders sync.WaitGroup
}

// New returns a sender that posts with client. cfg must be valid.
//
// This is the place where the decorators are stacked: every request is
// bounded, counted and logged, and a final callback is retried around that.
func New(cfg Config, client Poster, meter Meter, log *slog.Logger) *Sender {
	once := &logged{next: &metered{next: &bounded{next: client, timeout: cfg.RequestTimeout}, meter: meter}, log: log}
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Sender{
		cfg:      cfg,
		progress: once,
		final:    &retrying{next: once, cfg: cfg},
		meter:    meter,
		log:      log,
		ctx:      ctx,
		cancel:   cancel,
	}
}

// Notifier returns the notifier of a job. It ends with the job's Complete,
// Fail or Discard, one of which must be called. For a job without a callback
// URL it sends nothing.
func (s *Sender) Notifier(job *recon.Job) (*Notifier, error) {
	n := &Notifier{runID: job.RunID, mail: newMailbox(), released: make(chan struct{}), done: make(chan struct{})}
	cfg, progress, final := s.cfg, s.progress, s.final
	if job.CallbackURL == "" {
		cfg, progress, final = Config{}, silent{}, silent{}
		n.Release()
	} else {
		var err error
		if n.target, err = ParseTarget(job.CallbackURL); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		n.mail.discard()
		n.err = ErrStopped
		close(n.done)
		return n, nil
	}
	s.senders.Go(func() {
		defer close(n.done)
		n.err = n.run(s.ctx, cfg, progress, final)
		s.finished(n)
	})
	return n, nil
}

func (s *Sender) finished(n *Notifier) {
	end := n.mail.end()
	if end == nil || n.target == (Target{}) {
		return
	}
	s.meter.ObserveDelivery(string(end.Event), n.err == nil)
	if n.err != nil {
		s.log.Error("final callback never acknowledged", "run_id", n.runID, "event", end.Event, "receiver", n.target, "error", n.err)
	}
}

// Stop lets the callbacks under way be delivered until ctx is done, then
// gives them up, and returns when nothing is sent any more. Jobs should have
// ended before: a job without an end is waited for.
func (s *Sender) Stop(ctx context.Context) error {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { s.cancel(ErrStopped) })
	defer stop()
	s.senders.Wait()
	s.cancel(ErrStopped)
	return nil
}

// silent stands for the caller of a job that nobody wants to hear of.
type silent struct{}

func (silent) Post(context.Context, Delivery) error { return nil }
