// Package browsertest drives a headless Chromium for tests, over the pipe that
// its DevTools protocol can be spoken on.
package browsertest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// programs are the names of what can be driven, the lightest first.
var programs = []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"}

// Find returns the path of a browser.
func Find() (string, error) {
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("none of %v is installed; on Debian: apt-get install chromium", programs)
}

// browser is a running process.
type browser struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	output tail

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	events  func(message)
	gone    chan struct{}
}

// message is one of the protocol's, in either direction.
type message struct {
	ID        int             `json:"id,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    json.RawMessage `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// tail keeps the last of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	l.text = l.text[max(0, len(l.text)-4096):]
	return len(p), nil
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// start runs a browser until the test ends; events gets what it says unasked.
func start(t testing.TB, events func(message)) *browser {
	t.Helper()
	path, err := Find()
	require.NoError(t, err)
	toBrowser, in, err := os.Pipe()
	require.NoError(t, err)
	out, fromBrowser, err := os.Pipe()
	require.NoError(t, err)
	b := &browser{in: in, waiting: map[int]chan message{}, gone: make(chan struct{}), events: events}
	// The sandbox needs what containers and root do not have; the pages here
	// are our own.
	b.cmd = exec.Command(path, "--headless", "--no-sandbox", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir(),
		"--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--hide-scrollbars",
		"--force-color-profile=srgb", "about:blank")
	b.cmd.ExtraFiles = []*os.File{toBrowser, fromBrowser}
	b.cmd.Stderr = &b.output
	require.NoError(t, b.cmd.Start())
	require.NoError(t, errors.Join(toBrowser.Close(), fromBrowser.Close()))
	go b.listen(out)
	t.Cleanup(func() {
		_ = in.Close()
		_ = b.cmd.Process.Kill()
		_ = b.cmd.Wait()
		<-b.gone
	})
	return b
}

// listen hands out what the browser says; messages end in a zero.
func (b *browser) listen(out io.ReadCloser) {
	defer close(b.gone)
	defer out.Close()
	r := bufio.NewReader(out)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		answer := b.waiting[m.ID]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		switch {
		case m.ID != 0 && answer != nil:
			answer <- m
		case m.ID == 0:
			b.events(m)
		}
	}
}

// Patience is how long any answer may take, on a machine with much to do.
const Patience = time.Minute

// call asks the browser to do something and decodes its answer into result,
// unless that is nil.
func (b *browser) call(session, method string, params, result any) error {
	raw, err := json.Marshal(params)
	if err != nil {
		return err
	}
	answer := make(chan message, 1)
	b.mu.Lock()
	b.last++
	m := message{ID: b.last, SessionID: session, Method: method, Params: raw}
	b.waiting[m.ID] = answer
	text, err := json.Marshal(m)
	if err == nil {
		_, err = b.in.Write(append(text, 0))
	}
	b.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			return fmt.Errorf("%s: %s", method, m.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-b.gone:
		return fmt.Errorf("%s: the browser has ended; it said: %s", method, b.output.String())
	case <-time.After(Patience):
		return fmt.Errorf("%s: no answer for %s", method, Patience)
	}
}
