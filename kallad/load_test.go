package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	loadJobs    = flag.Int("load.jobs", 120, "how many small jobs are posted")
	loadClients = flag.Int("load.clients", 12, "how many clients post them at once")
)

// ending is a job's end as its caller was told it.
type ending struct {
	path    string
	matched int64
}

// crowd is the callers of all jobs: most answer at once, some slowly, some only
// at the second attempt.
type crowd struct {
	*httptest.Server

	mu    sync.Mutex
	ends  map[string][]ending
	tried map[string]int
}

func listenCrowd(t *testing.T) *crowd {
	c := &crowd{ends: map[string][]ending{}, tried: map[string]int{}}
	c.Server = httptest.NewServer(http.HandlerFunc(c.take))
	t.Cleanup(c.Close)
	return c
}

func (c *crowd) take(w http.ResponseWriter, r *http.Request) {
	var doc struct {
		RunID   string `json:"run_id"`
		Matched int64  `json:"matched_count"`
	}
	if json.NewDecoder(r.Body).Decode(&doc) != nil || strings.HasSuffix(r.URL.Path, "/progress") {
		return
	}
	c.mu.Lock()
	c.tried[doc.RunID]++
	first := c.tried[doc.RunID] == 1
	c.mu.Unlock()
	switch mood := rand.N(100); {
	case mood < 5 && first:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case mood < 15:
		select {
		case <-time.After(time.Duration(rand.N(1500)) * time.Millisecond):
		case <-r.Context().Done():
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ends[doc.RunID] = append(c.ends[doc.RunID], ending{r.URL.Path, doc.Matched})
}

func (c *crowd) told() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.ends)
}

// load is clients that post jobs to one daemon.
type load struct {
	url   string
	pid   int // the daemon's
	crowd *crowd
	next  atomic.Int64 // the number of the next job

	mu       sync.Mutex
	accepted []string
}

func (l *load) job() (runID, text string) {
	n := l.next.Add(1)
	if n > int64(*loadJobs) {
		return "", ""
	}
	job := calling(&callbacks{Server: l.crowd.Server}, fmt.Sprintf("load-%d", n), joinOnReference)
	doc, err := json.Marshal(job)
	if err != nil {
		panic(err)
	}
	return job.RunID, string(doc)
}

// client posts jobs until there are none left. A rude one first does to each
// what the daemon had better be ready for.
func (l *load) client(ctx context.Context, manners func(runID, text string)) error {
	for {
		runID, text := l.job()
		if runID == "" {
			return nil
		}
		if manners != nil {
			manners(runID, text)
		}
		for {
			code, err := l.post(ctx, text)
			if err != nil {
				return fmt.Errorf("post %s: %w", runID, err)
			}
			if code == http.StatusAccepted {
				break
			}
			if code != http.StatusServiceUnavailable {
				return fmt.Errorf("post %s: %d", runID, code)
			}
			select { // it is full; Retry-After is meant for fewer clients
			case <-time.After(time.Duration(20+rand.N(200)) * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		l.mu.Lock()
		l.accepted = append(l.accepted, runID)
		l.mu.Unlock()
	}
}

func (l *load) post(ctx context.Context, text string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, "POST", l.url+"/api/jobs", strings.NewReader(text))
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// raw opens a connection for a client with manners of its own.
func (l *load) raw(use func(net.Conn)) {
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(l.url, "http://"), 10*time.Second)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	use(conn)
}

func head(text string) string {
	return fmt.Sprintf("POST /api/jobs HTTP/1.1\r\nHost: kallad\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(text))
}

// slow sends a job in small pieces, and takes the answer byte by byte.
func (l *load) slow(_, text string) {
	l.raw(func(conn net.Conn) {
		request := head(text) + text
		for len(request) > 0 {
			n := min(len(request), 1+rand.N(60))
			if _, err := io.WriteString(conn, request[:n]); err != nil {
				return
			}
			request = request[n:]
			<-time.After(time.Duration(rand.N(3)) * time.Millisecond)
		}
		for range 100 {
			if _, err := conn.Read(make([]byte, 1)); err != nil {
				return
			}
		}
	})
}

// rude cuts a request, does not wait for an answer, talks nonsense, sends too
// much, posts the same at once from several connections, or reads nothing.
func (l *load) rude(_, text string) {
	switch rand.N(6) {
	case 0:
		l.raw(func(conn net.Conn) { _, _ = io.WriteString(conn, head(text)+text[:rand.N(len(text))]) })
	case 1:
		l.raw(func(conn net.Conn) { _, _ = io.WriteString(conn, head(text)+text) })
	case 2:
		l.raw(func(conn net.Conn) {
			noise := make([]byte, rand.N(5000))
			for i := range noise {
				noise[i] = byte(rand.N(256))
			}
			_, _ = conn.Write(noise)
		})
	case 3:
		l.raw(func(conn net.Conn) {
			_, _ = io.WriteString(conn, "POST /api/jobs HTTP/1.1\r\nHost: kallad\r\nContent-Length: 90000000\r\n\r\n")
			_, _ = conn.Write(make([]byte, 4<<20))
		})
	case 4:
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() { l.raw(func(conn net.Conn) { _, _ = io.WriteString(conn, head(text)+text) }) })
		}
		group.Wait()
	case 5:
		l.raw(func(conn net.Conn) {
			for range 50 {
				if _, err := io.WriteString(conn, "GET /api/jobs?limit=1000 HTTP/1.1\r\nHost: kallad\r\n\r\n"); err != nil {
					return
				}
			}
		})
	}
}

// residentMB is the resident memory of a process, in MB.
func residentMB(pid int) (int, bool) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(text, "kB")))
			return kb >> 10, err == nil
		}
	}
	return 0, false
}

// watchMemory notes the daemon's memory for each share of jobs whose end was
// told, until ctx ends.
func (l *load) watchMemory(ctx context.Context) (tenths [11][]int) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if mb, ok := residentMB(l.pid); ok {
			at := min(10, 10*l.crowd.told()/(*loadJobs))
			tenths[at] = append(tenths[at], mb)
		}
		select {
		case <-ctx.Done():
			return tenths
		case <-tick.C:
		}
	}
}

// TestManyClientsLoseNothing has polite, slow and rude clients post many small
// jobs at once.
func TestManyClientsLoseNothing(t *testing.T) {
	t.Parallel()
	if _, ok := residentMB(os.Getpid()); !ok {
		t.Log("this system does not tell how much memory a process has; that is left out")
	}
	crowd := listenCrowd(t)
	m := newMortal(t, folder(t, joinOnReference), "--max-jobs", "4", "--max-queue", "200", "--keep-jobs", "200", "--memory-limit", "800MB")
	m.start(t)
	m.awaitListening(t)
	l := &load{url: m.url.Load().(string), pid: m.cmd.Process.Pid, crowd: crowd}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Minute)
	defer cancel()
	watching, stop := context.WithCancel(ctx)
	var memory [11][]int
	var watcher, clients sync.WaitGroup
	watcher.Go(func() { memory = l.watchMemory(watching) })
	for i := range *loadClients {
		manners := []func(string, string){nil, nil, l.slow, l.rude}[i%4]
		clients.Go(func() { assert.NoError(t, l.client(ctx, manners)) })
	}
	clients.Wait()
	require.Len(t, l.accepted, *loadJobs)
	require.Eventually(t, func() bool { return crowd.told() == *loadJobs }, 10*time.Minute, 50*time.Millisecond)
	stop()
	watcher.Wait()
	for _, runID := range l.accepted {
		assert.Equal(t, []ending{{"/api/worker/complete", 2}}, crowd.ends[runID], runID)
	}
	checkFlat(t, memory)
	require.NoError(t, m.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, m.cmd.Wait())
}

// checkFlat holds the memory of the run's last tenths against that of its first
// ones, once these had time to reach what the daemon needs.
func checkFlat(t *testing.T, tenths [11][]int) {
	t.Helper()
	medians := make([]int, 0, len(tenths))
	for i, list := range tenths {
		if len(list) == 0 {
			continue
		}
		slices.Sort(list)
		medians = append(medians, list[len(list)/2])
		t.Logf("%3d %% of the jobs done: median %d MB, most %d MB", 10*i, list[len(list)/2], list[len(list)-1])
	}
	if *loadJobs < 1000 || len(medians) < 8 {
		return
	}
	assert.LessOrEqual(t, medians[len(medians)-2], medians[2]+50)
}
