package callback

import (
	"context"
	"errors"
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
// bounded, counted, logged and traced, and a final callback is retried around that.
func New(cfg Config, client Poster, meter Meter, log *slog.Logger) *Sender {
	bound := &bounded{next: client, timeout: cfg.RequestTimeout}
	once := &traced{next: &logged{next: &metered{next: bound, meter: meter}, log: log}}
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

// Notifier returns the notifier of a job's nth run, from 1. It ends with its
// End or Discard, one of which must be called. For a job without a callback URL
// it sends nothing.
//
// told, which may be nil, is called from another goroutine when the final
// callback is done with: with nil when it was acknowledged, with an error that
// is ErrStopped when the process had no more time for it, and with another one
// when it was given up.
func (s *Sender) Notifier(job *recon.Job, run int, told func(error)) (*Notifier, error) {
	n := &Notifier{runID: job.RunID, run: run, told: told, mail: newMailbox(), released: make(chan struct{}), done: make(chan struct{})}
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
		n.err = n.deliver(s.ctx, cfg, progress, final)
		s.finished(n)
	})
	return n, nil
}

func (s *Sender) finished(n *Notifier) {
	end := n.mail.end()
	if end == nil {
		return
	}
	if n.target != (Target{}) {
		s.observe(n, end.Event)
	}
	if n.told != nil {
		n.told(n.err)
	}
}

func (s *Sender) observe(n *Notifier, event Event) {
	if errors.Is(n.err, ErrStopped) {
		s.log.Warn("final callback not acknowledged before the end of the process", "run_id", n.runID, "event", event, "receiver", n.target)
		return
	}
	s.meter.ObserveDelivery(string(event), n.err == nil)
	if n.err != nil {
		s.log.Error("final callback never acknowledged", "run_id", n.runID, "event", event, "receiver", n.target, "error", n.err)
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
