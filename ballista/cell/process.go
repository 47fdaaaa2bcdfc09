package cell

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// process is a cell, seen from outside. One request at a time goes to it.
type process struct {
	cfg    Config
	log    *slog.Logger
	cmd    *exec.Cmd
	in     io.WriteCloser
	pipe   *os.File
	out    *bufio.Reader
	send   *frames
	stderr *tail
	buf    []byte
	uses   int
	// broken says that it must not be asked again.
	broken atomic.Bool
	exited chan struct{}
	killed sync.Once
}

// start begins a process; that it is a good one shows at its first request.
func start(cfg Config, log *slog.Logger) (*process, error) {
	p := &process{cfg: cfg, log: log, stderr: &tail{}, exited: make(chan struct{})}
	if err := p.begin(); err != nil {
		return nil, fmt.Errorf("start a cell: %w", err)
	}
	return p, nil
}

func (p *process) begin() error {
	p.cmd = p.cfg.Command()
	p.cmd.Stderr = p.stderr
	isolate(p.cmd)
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer write.Close()
	p.cmd.ExtraFiles = []*os.File{write}
	p.pipe, p.out, p.send = read, bufio.NewReaderSize(read, frameBuffer), newFrames(p.in)
	if err := p.cmd.Start(); err != nil {
		return errors.Join(err, read.Close())
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait()
	}()
	err = p.send.write(frameConfig, p.cfg.Settings)
	if err != nil {
		p.end()
	}
	return err
}

// OutputFile is the descriptor that a cell's process writes to.
const OutputFile = 3

// alive reports whether the process has not ended yet.
func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// kill ends the process at once, whatever it does.
func (p *process) kill() { p.killed.Do(func() { _ = p.cmd.Process.Kill() }) }

// end ends the process: one that is in order has the grace to clear away what
// it has.
func (p *process) end() {
	_ = p.in.Close()
	if !p.broken.Load() {
		select {
		case <-p.exited:
		case <-time.After(p.cfg.Grace):
		}
	}
	p.kill()
	<-p.exited
	_ = p.pipe.Close()
	p.cfg.Ended()
}

// guarded runs f, which talks to the process. When ctx ends first, the process
// has the grace to come to an end by itself, and is then killed: f fails.
func (p *process) guarded(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		_ = p.send.write(frameCancel, nil)
		select {
		case <-done:
		case <-time.After(p.cfg.Grace):
			p.broken.Store(true)
			p.kill()
		}
	})
	err := f()
	close(done)
	watcher.Wait()
	var died *pipeError
	if errors.As(err, &died) {
		p.broken.Store(true)
		if ctx.Err() == nil {
			return p.obituary()
		}
	}
	return ended(ctx, err)
}

// pipeError is a broken connection to a process.
type pipeError struct{ error }

// read returns the next frame.
func (p *process) read() (frameKind, []byte, error) {
	kind, content, err := readFrame(p.out, &p.buf)
	if err != nil {
		return 0, nil, &pipeError{err}
	}
	return kind, content, nil
}

func (p *process) request(kind frameKind, v any) error {
	var err error
	if v == nil {
		err = p.send.write(kind, nil)
	} else {
		err = p.send.writeJSON(kind, v)
	}
	if err != nil {
		return &pipeError{err}
	}
	return nil
}

// answer reads a result into v.
func (p *process) answer(v any) error {
	kind, content, err := p.read()
	if err != nil {
		return err
	}
	if kind != frameResult {
		return &pipeError{fmt.Errorf("a frame of kind %c where a result is due", kind)}
	}
	if err := json.Unmarshal(content, v); err != nil {
		return &pipeError{err}
	}
	return nil
}

// obituary says how a process ended that nobody has ended. Its pipe may be
// closed a good while before it is gone, on a busy machine.
func (p *process) obituary() error {
	how := "it hung up and did not end"
	select {
	case <-p.exited:
		how = p.cmd.ProcessState.String()
	case <-time.After(farewell):
		p.kill()
		<-p.exited
	}
	said := p.stderr.String()
	d := &DeadError{How: how, outOfMemory: diedOfMemory(how, said)}
	p.log.Error("a query ended the process that ran it", "how", d.How, "out_of_memory", d.outOfMemory, "said", firstLines(said))
	return d
}

// farewell is how long a process that has hung up has to end.
const farewell = 10 * time.Second

// DeadError is a query that ended the process that it was bound or run in.
type DeadError struct {
	// How is what the system says of the process's end.
	How         string
	outOfMemory bool
}

func (e *DeadError) Error() string {
	if e.outOfMemory {
		return "the query used up the memory of the process that it ran in (" + e.How + ")"
	}
	return "the engine broke down over the query (" + e.How + "); write it in another way"
}

// QueryFault reports whether the query is to blame.
func (e *DeadError) QueryFault() bool { return !e.outOfMemory }

// OutOfMemory reports whether the process died for want of memory.
func (e *DeadError) OutOfMemory() bool { return e.outOfMemory }

// OutOfDisk reports whether there was no room to spill.
func (e *DeadError) OutOfDisk() bool { return false }

// diedOfMemory goes by what Go and C++ say when they get none, and by the
// signal of the kernel when the machine has none; nobody else sends it here.
func diedOfMemory(how, said string) bool {
	for _, words := range []string{"out of memory", "cannot allocate memory", "bad_alloc", "Cannot allocate memory", "pthread_create failed"} {
		if strings.Contains(said, words) {
			return true
		}
	}
	return strings.Contains(how, "killed")
}

// tail keeps the beginning of what a process says at its end, where the reason
// stands.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// maxSaid bounds it, in bytes.
const maxSaid = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p[:min(len(p), maxSaid-len(t.text))]...)
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// firstLines are those of a crash's report that say what it was.
func firstLines(said string) string {
	lines := strings.SplitN(said, "\n", 4)
	return strings.Join(lines[:min(3, len(lines))], "; ")
}
