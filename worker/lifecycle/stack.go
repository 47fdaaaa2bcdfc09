package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// ErrStopped is the cause with which a group's members are cancelled.
var ErrStopped = errors.New("the service was stopped")

// Service is a long-lived part of the process.
type Service interface {
	// Start gets the service going and returns promptly; ctx bounds the
	// starting alone. After an error nothing of the service runs on.
	Start(ctx context.Context) error
	// Stop takes no new work and lets what has begun finish until ctx is done,
	// then cancels it. It returns when nothing of the service runs any more.
	Stop(ctx context.Context) error
}

// Failer is a Service that can break by itself while it runs.
type Failer interface {
	// Failed is closed when the service is broken; Err then says why.
	Failed() <-chan struct{}
	Err() error
}

// Stack starts services one by one and stops them in the opposite order, so
// that each may rely on those below it for its whole life.
type Stack struct {
	log *slog.Logger

	mu       sync.Mutex
	services []running
	watch    *Group
	failures chan error
}

type running struct {
	name    string
	service Service
}

// NewStack returns an empty stack.
func NewStack(log *slog.Logger) *Stack {
	return &Stack{log: log, watch: NewGroup(context.Background()), failures: make(chan error, 1)}
}

// Start starts a service on top of the others. When that fails, the caller
// still stops the stack, for the services below.
func (s *Stack) Start(ctx context.Context, name string, service Service) error {
	if err := service.Start(ctx); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	s.mu.Lock()
	s.services = append(s.services, running{name, service})
	s.mu.Unlock()
	if f, ok := service.(Failer); ok {
		s.watch.Go(name, func(ctx context.Context) error { return s.watchOne(ctx, name, f) })
	}
	s.log.DebugContext(ctx, "service started", "service", name)
	return nil
}

func (s *Stack) watchOne(ctx context.Context, name string, f Failer) error {
	select {
	case <-ctx.Done():
	case <-f.Failed():
		select {
		case s.failures <- fmt.Errorf("run %s: %w", name, f.Err()):
		default: // an earlier failure is on its way to Wait
		}
	}
	return nil
}

// Wait returns nil when ctx is done, or the error of the first service that
// breaks before that.
func (s *Stack) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failures:
		return err
	}
}

// Stop stops every service, the last started first. They share the time until
// ctx is done for draining; when it is over, those still to be stopped are
// cancelled at once. It returns all errors, joined.
func (s *Stack) Stop(ctx context.Context) error {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.watch.Stop(cancelled)

	s.mu.Lock()
	services := s.services
	s.services = nil
	s.mu.Unlock()
	var errs []error
	for _, r := range slices.Backward(services) {
		began := time.Now()
		if err := r.service.Stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", r.name, err))
		}
		s.log.DebugContext(ctx, "service stopped", "service", r.name, "seconds", time.Since(began).Seconds())
	}
	return errors.Join(errs...)
}
