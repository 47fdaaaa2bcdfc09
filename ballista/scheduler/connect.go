package scheduler

import (
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"kallad/ballista/proto/control"
	"kallad/ballista/proto/externalscaler"
)

// Register makes the scheduler's services those of a gRPC server, which must
// be stopped before the scheduler is closed.
func (s *Scheduler) Register(server grpc.ServiceRegistrar) {
	control.RegisterControlServer(server, service{scheduler: s})
	externalscaler.RegisterExternalScalerServer(server, scaler{scheduler: s})
}

type service struct {
	control.UnimplementedControlServer
	scheduler *Scheduler
}

// Connect implements control.ControlServer: it is the stream of one executor.
func (c service) Connect(stream control.Control_ConnectServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	hello := first.GetHello()
	if err := c.scheduler.admit(hello); err != nil {
		return err
	}
	return c.scheduler.serve(stream, hello)
}

// admit refuses what cannot be an executor of ours.
func (s *Scheduler) admit(hello *control.Hello) error {
	switch {
	case hello.GetId() == "" || hello.Id == s.localID():
		return status.Error(codes.InvalidArgument, "the first report must be a hello, with an id")
	case hello.EngineVersion != s.cfg.EngineVersion:
		s.log.Error("executor refused: its SQL engine is another version", "executor", hello.Id, "address", hello.FlightAddress, "engine_version", hello.EngineVersion, "ours", s.cfg.EngineVersion)
		return status.Error(codes.FailedPrecondition, fmt.Sprintf(
			"the scheduler's SQL engine is version %s and this executor's is %s: run the same kallad on both (the scheduler's is %s, this is %s)",
			s.cfg.EngineVersion, hello.EngineVersion, s.cfg.Version, hello.Version))
	case hello.Slots < 1:
		return status.Error(codes.InvalidArgument, "an executor needs at least one slot")
	}
	return nil
}

// serve carries reports and orders until either end closes the stream. What
// sends and receives ends when this returns, as that ends the stream.
func (s *Scheduler) serve(stream control.Control_ConnectServer, hello *control.Hello) error {
	q := control.NewOutbox[*control.Order]()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return status.Error(codes.Unavailable, ErrClosed.Error())
	}
	s.streams.Add(2)
	e := s.attach(hello, q)
	s.assign()
	s.mu.Unlock()

	broken := make(chan error, 2)
	go func() {
		defer s.streams.Done()
		broken <- sendAll(stream, q)
	}()
	go func() {
		defer s.streams.Done()
		broken <- s.receiveAll(stream, e, q)
	}()
	var err error
	select {
	case err = <-broken:
	case <-q.Done():
		err = status.Error(codes.Unavailable, "the scheduler closed the stream")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.detach(e, q, err)
	s.assign()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func sendAll(stream control.Control_ConnectServer, q *control.Outbox[*control.Order]) error {
	for {
		select {
		case <-stream.Context().Done():
			return stream.Context().Err()
		case <-q.Done():
			return io.EOF
		case <-q.Ready():
		}
		for _, order := range q.Take() {
			if err := stream.Send(order); err != nil {
				return err
			}
		}
	}
}

func (s *Scheduler) receiveAll(stream control.Control_ConnectServer, e *executor, q *control.Outbox[*control.Order]) error {
	for {
		report, err := stream.Recv()
		if err != nil {
			return err
		}
		s.mu.Lock()
		if e.link == q { // else the stream was given up
			s.take(e, report)
			s.assign()
		}
		s.mu.Unlock()
	}
}

func (s *Scheduler) localID() string {
	if s.local == nil {
		return ""
	}
	return s.local.id
}
