package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"kallad/ballista/proto/control"
)

// AgentConfig is what an agent needs to know.
type AgentConfig struct {
	// Scheduler is its address, host:port.
	Scheduler string
	// Hello is what the executor is. FlightAddress and ControlAddress may be
	// without a host, as in ":50051": then it is the one from which the
	// scheduler is reached.
	Hello *control.Hello
	// DialOptions are for the connection to the scheduler.
	DialOptions []grpc.DialOption
	// DrainTimeout is how long running tasks may take to finish, and others
	// to read what is kept here, once the executor is to leave.
	DrainTimeout time.Duration
	// FirstWait and LongestWait bound the pauses between attempts to reach the
	// scheduler. Default 100 ms and 2 s: well under the time for
	// which a scheduler that begins anew waits for its executors.
	FirstWait, LongestWait time.Duration
}

// Agent connects a worker to a scheduler, and connects it again when the
// connection breaks, for as long as it takes.
type Agent struct {
	cfg AgentConfig
	log *slog.Logger
	// worker is set by Attach, before Run.
	worker *Worker

	mu        sync.Mutex
	out       *control.Outbox[*control.Report] // nil without a stream
	scheduler string                           // that welcomed us last
	drain     chan struct{}                    // closed when draining begins
	draining  bool
	local     net.Addr // our end of the connection
}

// NewAgent returns an agent, which does nothing before Run.
func NewAgent(cfg AgentConfig, log *slog.Logger) *Agent {
	if cfg.FirstWait == 0 {
		cfg.FirstWait = 100 * time.Millisecond
	}
	if cfg.LongestWait == 0 {
		cfg.LongestWait = 2 * time.Second
	}
	return &Agent{cfg: cfg, log: log.With("executor", cfg.Hello.Id), drain: make(chan struct{})}
}

// Report sends a report, if there is a stream. A task's end is sent again
// when there is one.
func (a *Agent) Report(r *control.Report) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.out != nil {
		a.out.Put(r)
	}
}

// Attach gives the agent the worker whose reports come to Report.
func (a *Agent) Attach(w *Worker) { a.worker = w }

// Drain begins to leave: no further tasks, and Run returns when nothing that
// is here is needed any more, or after DrainTimeout.
func (a *Agent) Drain() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.draining {
		return
	}
	a.draining = true
	close(a.drain)
	if a.out != nil {
		a.out.Put(&control.Report{Report: &control.Report_Draining{Draining: &control.Draining{}}})
	}
	a.log.Info("draining", "tasks", a.worker.Running(), "timeout", a.cfg.DrainTimeout.String())
}

// Connected reports whether there is a stream, and Draining whether the
// executor is about to leave.
func (a *Agent) Connected() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.out != nil
}

// Draining reports whether the executor is about to leave.
func (a *Agent) Draining() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.draining
}

// errLeft ends Run: the scheduler let us go, or the time for it is over.
var errLeft = errors.New("the executor left")

// Run serves the scheduler until ctx ends or the executor has drained. A
// scheduler that is not there, or goes, is waited for.
func (a *Agent) Run(ctx context.Context) error {
	conn, err := grpc.NewClient(a.cfg.Scheduler, append([]grpc.DialOption{grpc.WithContextDialer(a.dial)}, a.cfg.DialOptions...)...)
	if err != nil {
		return fmt.Errorf("scheduler address %q: %w", a.cfg.Scheduler, err)
	}
	defer conn.Close()
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	var timer sync.WaitGroup
	timer.Go(func() { a.awaitDrain(ctx, leave) })
	defer timer.Wait()
	defer leave(errLeft)
	wait := a.cfg.FirstWait
	for {
		welcomed, err := a.serve(ctx, control.NewControlClient(conn))
		if ctx.Err() != nil || errors.Is(err, errLeft) {
			return nil
		}
		if welcomed {
			wait = a.cfg.FirstWait
		}
		a.log.Warn("no scheduler; trying again", "scheduler", a.cfg.Scheduler, "wait", wait.String(), "error", err)
		if _, jobs := a.worker.Has(); a.Draining() && len(jobs) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		wait = min(2*wait, a.cfg.LongestWait)
		conn.ResetConnectBackoff()
	}
}

// awaitDrain ends the executor when draining takes too long.
func (a *Agent) awaitDrain(ctx context.Context, leave context.CancelCauseFunc) {
	select {
	case <-ctx.Done():
		return
	case <-a.drain:
	}
	timer := time.NewTimer(a.cfg.DrainTimeout)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
		a.log.Warn("the time for draining is over", "tasks", a.worker.Running())
		leave(errLeft)
	}
}

func (a *Agent) dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err == nil {
		a.mu.Lock()
		a.local = conn.LocalAddr()
		a.mu.Unlock()
	}
	return conn, err
}

// goodbyeTime is how long the last report may take to arrive.
const goodbyeTime = time.Second

// serve opens a stream and serves it until it breaks, or ctx ends, or the
// scheduler lets us go.
func (a *Agent) serve(ctx context.Context, client control.ControlClient) (welcomed bool, err error) {
	own, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	opening := context.AfterFunc(ctx, func() { stop(context.Cause(ctx)) })
	stream, err := client.Connect(own)
	if err != nil {
		opening()
		return false, err
	}
	// Of a refusal, Send says only that the stream has ended; Recv says why.
	err = stream.Send(&control.Report{Report: &control.Report_Hello{Hello: a.hello()}})
	if err != nil && !errors.Is(err, io.EOF) {
		opening()
		return false, err
	}
	first, err := stream.Recv()
	opening()
	if err != nil {
		return false, err
	}
	welcome := first.GetWelcome()
	if welcome == nil {
		return false, errors.New("it does not welcome us: is that a kallad scheduler?")
	}
	return true, a.attend(ctx, own, stream, stop, welcome)
}

func (a *Agent) attend(ctx, own context.Context, stream control.Control_ConnectClient, stop context.CancelCauseFunc, welcome *control.Welcome) error {
	out := a.open(welcome)
	beating, still := context.WithCancel(stream.Context())
	var members sync.WaitGroup
	broken := make(chan error, 1)
	members.Go(func() { send(stream, out) })
	members.Go(func() { broken <- a.receive(own, stream, stop, time.Duration(welcome.TimeoutNanoseconds)) })
	members.Go(func() { a.worker.Beat(beating, time.Duration(welcome.HeartbeatNanoseconds)) })
	var err error
	select {
	case err = <-broken:
	case <-ctx.Done():
		err = errLeft
	}
	still()
	a.mu.Lock()
	a.out = nil
	a.mu.Unlock()
	if errors.Is(err, errLeft) {
		a.sayGoodbye(out, broken)
	}
	out.Close()
	stop(nil)
	members.Wait()
	return err
}

// open makes the stream the one that reports go to, and sends what an earlier
// one may not have carried.
func (a *Agent) open(welcome *control.Welcome) *control.Outbox[*control.Report] {
	if !welcome.Resumed {
		a.worker.Reset()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.out = control.NewOutbox[*control.Report]()
	a.scheduler = welcome.Scheduler
	for _, ended := range a.worker.Unacknowledged() {
		a.out.Put(&control.Report{Report: &control.Report_Ended{Ended: ended}})
	}
	if a.draining {
		a.out.Put(&control.Report{Report: &control.Report_Draining{Draining: &control.Draining{}}})
	}
	a.log.Info("connected", "scheduler", a.cfg.Scheduler, "resumed", welcome.Resumed)
	return a.out
}

// sayGoodbye waits until the scheduler has heard that we leave, but not for
// long.
func (a *Agent) sayGoodbye(out *control.Outbox[*control.Report], broken <-chan error) {
	out.Put(&control.Report{Report: &control.Report_Goodbye{Goodbye: &control.Goodbye{}}})
	timer := time.NewTimer(goodbyeTime)
	defer timer.Stop()
	select {
	case <-broken:
	case <-timer.C:
	}
}

// send sends what is in the outbox. When it can't, whoever receives hears why.
func send(stream control.Control_ConnectClient, out *control.Outbox[*control.Report]) {
	for {
		select {
		case <-stream.Context().Done():
			return
		case <-out.Done():
			return
		case <-out.Ready():
		}
		for _, r := range out.Take() {
			if stream.Send(r) != nil {
				return
			}
		}
	}
}

// receive does what it is ordered. A scheduler that is silent for too long is
// given up.
func (a *Agent) receive(own context.Context, stream control.Control_ConnectClient, stop context.CancelCauseFunc, timeout time.Duration) error {
	silence := time.AfterFunc(timeout, func() { stop(fmt.Errorf("the scheduler was silent for %s", timeout)) })
	defer silence.Stop()
	for {
		order, err := stream.Recv()
		if err != nil {
			if context.Cause(own) != nil {
				return context.Cause(own)
			}
			return err
		}
		silence.Reset(timeout)
		switch order.Order.(type) {
		case *control.Order_Drain:
			a.Drain()
		case *control.Order_Leave:
			return errLeft
		default:
			a.worker.Do(order)
		}
	}
}

// hello is what the executor is and has now.
func (a *Agent) hello() *control.Hello {
	hello := proto.Clone(a.cfg.Hello).(*control.Hello)
	a.mu.Lock()
	defer a.mu.Unlock()
	hello.Scheduler, hello.Draining = a.scheduler, a.draining
	hello.FlightAddress, hello.ControlAddress = a.from(hello.FlightAddress), a.from(hello.ControlAddress)
	hello.Attempts, hello.Jobs = a.worker.Has()
	return hello
}

// from completes an address without a host.
func (a *Agent) from(address string) string {
	host, port, err := net.SplitHostPort(address)
	if tcp, ok := a.local.(*net.TCPAddr); err == nil && host == "" && ok {
		return net.JoinHostPort(tcp.IP.String(), port)
	}
	return address
}
