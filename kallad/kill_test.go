package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
)

var killRuns = flag.Int("kill.runs", 12, "how often the daemon is killed while it runs jobs")

// ack is a final callback that the caller acknowledged.
type ack struct {
	path, delivery, body string
	came, at             time.Time
}

// moody is a caller that answers at random: with an error, with a cut
// connection, slowly, or as it should.
type moody struct {
	*httptest.Server

	mu    sync.Mutex
	acks  map[string][]ack // by run_id
	calls int
}

func listenMoody(t *testing.T) *moody {
	m := &moody{acks: map[string][]ack{}}
	m.Server = httptest.NewServer(http.HandlerFunc(m.take))
	t.Cleanup(m.Close)
	return m
}

func (m *moody) take(w http.ResponseWriter, r *http.Request) {
	came := time.Now()
	text, err := io.ReadAll(r.Body)
	if err != nil || strings.HasSuffix(r.URL.Path, "/progress") {
		return // cut off, or of no interest
	}
	m.mu.Lock()
	m.calls++
	m.mu.Unlock()
	switch mood := rand.N(100); {
	case mood < 25:
		w.WriteHeader(http.StatusInternalServerError)
		return
	case mood < 35:
		panic(http.ErrAbortHandler) // cuts the connection
	case mood < 50:
		select {
		case <-time.After(time.Duration(rand.N(400)) * time.Millisecond):
		case <-r.Context().Done():
		}
	}
	a := ack{r.URL.Path, r.Header.Get("Kallad-Delivery"), string(text), came, time.Now()}
	w.WriteHeader(http.StatusOK)
	if http.NewResponseController(w).Flush() != nil || r.Context().Err() != nil {
		return // nobody is there to hear the answer
	}
	var doc struct {
		RunID string `json:"run_id"`
	}
	_ = json.Unmarshal(text, &doc)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.acks[doc.RunID] = append(m.acks[doc.RunID], a)
}

func (m *moody) of(runID string) []ack {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]ack(nil), m.acks[runID]...)
}

// mortal is a daemon that is killed and started again on one staging path.
type mortal struct {
	dir, temp string
	args, env []string
	url       atomic.Value // string
	logs      *lines
	cmd       *exec.Cmd
	// wrap, if set, changes how the process is started.
	wrap func(*exec.Cmd) *exec.Cmd
}

func newMortal(t *testing.T, dir string, args ...string) *mortal {
	m := &mortal{dir: dir, temp: t.TempDir(), args: args}
	m.url.Store("http://127.0.0.1:1")
	t.Cleanup(func() {
		if m.cmd != nil && m.cmd.ProcessState == nil {
			_ = m.cmd.Process.Kill()
			_ = m.cmd.Wait()
		}
		if t.Failed() {
			t.Log("the last daemon:\n" + m.logs.String())
		}
	})
	return m
}

func (m *mortal) start(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	args := append([]string{"scheduler", "--http-port", "0", "--grpc-port", "0", "--bind-host", "127.0.0.1", "--callback-grace", "10ms", "--temp-dir", m.temp}, m.args...)
	m.cmd, m.logs = exec.Command(self, args...), &lines{}
	if m.wrap != nil {
		m.cmd = m.wrap(m.cmd)
	}
	m.cmd.Dir, m.cmd.Stderr = m.dir, m.logs
	m.cmd.Env = append([]string{"KALLAD_TEST_MAIN=1", "PATH=" + os.Getenv("PATH"), "HOME=" + m.dir}, m.env...)
	require.NoError(t, m.cmd.Start())
}

// listening takes over the daemon's address as soon as it has one.
func (m *mortal) listening() bool {
	found := address.FindStringSubmatch(m.logs.String())
	if found == nil {
		return false
	}
	m.url.Store("http://" + found[1])
	return true
}

func (m *mortal) awaitListening(t *testing.T) {
	t.Helper()
	m.logs.await(t, "msg=listening")
	require.True(t, m.listening())
}

// live lets the daemon live for a while and then kills it.
func (m *mortal) live(t *testing.T, life time.Duration) time.Time {
	t.Helper()
	m.start(t)
	end := time.After(life)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for known := false; ; {
		select {
		case <-tick.C:
			known = known || m.listening()
			continue
		case <-end:
		}
		break
	}
	require.NoError(t, m.cmd.Process.Kill())
	at := time.Now()
	_ = m.cmd.Wait()
	require.Equal(t, syscall.SIGKILL, m.cmd.ProcessState.Sys().(syscall.WaitStatus).Signal(), "it ended by itself:\n%s", m.logs)
	return at
}

// call makes a request; code is 0 when nobody answered.
func (m *mortal) call(method, path, body string) (code int, doc map[string]any) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, m.url.Load().(string)+path, strings.NewReader(body))
	if err != nil {
		return 0, nil
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil
	}
	_ = json.Unmarshal(text, &doc)
	return resp.StatusCode, doc
}

// kindOfJob is a job of which the test knows what has to come of it.
type kindOfJob struct {
	name, sql, left, right string
	// counts are the matches and the unmatched rows; nil for a job that fails.
	counts []int64
}

var kindsOfJobs = []kindOfJob{
	{"tiny", joinOnReference, "invoices.csv", "payments.csv", []int64{2, 1, 1}},
	{"large", joinOnReference, "many_invoices.csv", "many_payments.csv", []int64{20_000, 10_000, 5_000}},
	{"slow", "SELECT l.invoice_id, r.payment_id FROM left_src l JOIN right_src r ON l.invoice_id = r.reference_number WHERE (SELECT count(*) FROM generate_series(1, 3000000) AS g(n) WHERE md5(n::VARCHAR) < '0') = 0",
		"invoices.csv", "payments.csv", []int64{2, 1, 1}},
	{"wrong", "SELECT l.nothing FROM left_src l", "invoices.csv", "payments.csv", nil},
}

// killFolder has the sources of all kinds of jobs.
func killFolder(t *testing.T) string {
	t.Helper()
	dir := folder(t, joinOnReference)
	var invoices, payments strings.Builder
	invoices.WriteString("invoice_id,customer,amount\n")
	payments.WriteString("payment_id,reference_number,paid_amount\n")
	for i := range 30_000 {
		fmt.Fprintf(&invoices, "INV-%06d,Customer %d,%d.%02d\n", i, i%97, i%1000, i%100)
		if i < 20_000 {
			fmt.Fprintf(&payments, "%d,INV-%06d,%d.%02d\n", i, i, i%1000, i%100)
		} else if i < 25_000 {
			fmt.Fprintf(&payments, "%d,OTHER-%06d,%d.%02d\n", i, i, i%1000, i%100)
		}
	}
	write(t, dir, "many_invoices.csv", invoices.String())
	write(t, dir, "many_payments.csv", payments.String())
	return dir
}

// posted is a job that the daemon accepted.
type posted struct {
	kind      kindOfJob
	job       recon.Job
	cancelled bool // asked for, and not refused: a killed daemon may have heard it
}

// poster posts jobs until ctx ends, each again and again until it is accepted.
type poster struct {
	m        *mortal
	callback string
	name     string

	accepted []posted
}

func (p *poster) run(ctx context.Context, pause time.Duration) {
	for n := 0; ctx.Err() == nil; n++ {
		kind := kindsOfJobs[rand.N(len(kindsOfJobs))]
		job := jobOver(fmt.Sprintf("%s-%d-%s", p.name, n, kind.name), kind.sql)
		job.CallbackURL = p.callback
		job.Sources[0].URI, job.Sources[1].URI = recon.URI(kind.left), recon.URI(kind.right)
		text, err := json.Marshal(job)
		if err != nil {
			panic(err)
		}
		if !p.until(ctx, pause, func() bool {
			code, _ := p.m.call("POST", "/api/jobs", string(text))
			return code == http.StatusAccepted
		}) {
			return
		}
		taken := posted{kind: kind, job: job}
		if rand.N(10) == 0 {
			code, _ := p.m.call("DELETE", "/api/jobs/"+job.RunID, "")
			taken.cancelled = code == http.StatusAccepted || code == 0
		}
		p.accepted = append(p.accepted, taken)
	}
}

// until tries until it works; false when ctx ended before.
func (p *poster) until(ctx context.Context, pause time.Duration, try func() bool) bool {
	for {
		if try() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Duration(rand.N(int64(pause)))):
		}
	}
}

// TestNothingIsLostWhenTheDaemonIsKilled kills a daemon at random moments,
// those of its start among them, while clients post jobs, cancel some, and
// callbacks fail.
func TestNothingIsLostWhenTheDaemonIsKilled(t *testing.T) {
	t.Parallel()
	m := newMortal(t, killFolder(t), "--max-jobs", "3", "--memory-limit", "600MB")
	killAgainAndAgain(t, m, *killRuns, 1200*time.Millisecond)
}

// TestNothingIsLostWithExecutors is the same with executors, one of which dies
// as well now and then.
func TestNothingIsLostWithExecutors(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	m := newMortal(t, killFolder(t), "--max-jobs", "3", "--memory-limit", "600MB", "--grpc-port", port, "--executor-reconnect", "500ms")
	stop := make(chan struct{})
	var members sync.WaitGroup
	for i := range 2 {
		members.Go(func() {
			for {
				e := commandFor(t, longestSiege, m.dir, "executor", "--scheduler-url", "127.0.0.1:"+port, "--bind-host", "127.0.0.1", "--flight-port", "0", "--grpc-port", "0",
					"--slots", "2", "--threads", "2", "--memory-limit", "400MB", "--temp-dir", m.dir)
				if !assert.NoError(t, e.Start()) {
					return
				}
				life := time.Hour
				if i == 1 {
					life = 4*time.Second + time.Duration(rand.N(8000))*time.Millisecond
				}
				over := false
				select {
				case <-stop:
					over = true
				case <-time.After(life):
				}
				_ = e.Process.Kill()
				_ = e.Wait()
				if over {
					return
				}
			}
		})
	}
	t.Cleanup(func() {
		close(stop)
		members.Wait()
	})
	modes := killAgainAndAgain(t, m, max(3, *killRuns/3), 5*time.Second)
	require.Positive(t, modes["cluster"], "%v", modes)
	t.Log(modes)
}

// killAgainAndAgain kills a daemon so often, each time after at most so long a
// life, and holds to it what became of all jobs. It returns how many of them
// ran in which mode.
func killAgainAndAgain(t *testing.T, m *mortal, kill int, longest time.Duration) (modes map[any]int) {
	t.Helper()
	caller := listenMoody(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	posters := make([]*poster, 3)
	var posting sync.WaitGroup
	for i := range posters {
		posters[i] = &poster{m: m, callback: caller.URL + "/api/worker", name: fmt.Sprint("client", i)}
		posting.Go(func() { posters[i].run(ctx, 60*time.Millisecond) })
	}
	kills := make([]time.Time, kill)
	for i := range kills {
		life := rand.N(longest)
		if rand.N(4) == 0 {
			life /= 8 // before it listens, or has found its jobs
		}
		kills[i] = m.live(t, life)
	}
	stop()
	posting.Wait()
	m.start(t)
	m.awaitListening(t)
	var accepted []posted
	for _, p := range posters {
		accepted = append(accepted, p.accepted...)
	}
	require.NotEmpty(t, accepted)
	require.Eventually(t, func() bool {
		for _, p := range accepted {
			if len(caller.of(p.job.RunID)) == 0 {
				return false
			}
		}
		return true
	}, 5*time.Minute, 20*time.Millisecond, "every caller is told how its job ended")
	repeated := 0
	for _, p := range accepted {
		repeated += checkOutcome(t, m, p, caller.of(p.job.RunID), kills)
	}
	modes = map[any]int{}
	for _, p := range accepted {
		_, status := m.call("GET", "/api/jobs/"+p.job.RunID, "")
		modes[status["engine_mode"]]++
	}
	require.NoError(t, m.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, m.cmd.Wait(), "the last one is stopped")
	checkLeftovers(t, m)
	t.Logf("%d kills, %d jobs accepted, %d final callbacks tried, %d acknowledged twice because of a kill between the answer and its record",
		len(kills), len(accepted), caller.calls, repeated)
	checkMemory(t, m, accepted)
	return modes
}

// lateness is how long after a daemon's death its last requests may still reach
// a handler on a busy machine.
const lateness = time.Second

// checkOutcome holds what became of a job against what had to, and returns how
// often its final callback was acknowledged again.
func checkOutcome(t *testing.T, m *mortal, p posted, acks []ack, kills []time.Time) (repeated int) {
	t.Helper()
	for i, a := range acks[1:] {
		assert.Equal(t, acks[0].delivery, a.delivery, p.job.RunID)
		assert.Equal(t, acks[0].body, a.body, p.job.RunID)
		between := false
		for _, k := range kills {
			between = between || k.After(acks[i].came.Add(-lateness)) && k.Before(a.at)
		}
		assert.True(t, between, "%s: acknowledged twice, and nothing happened in between", p.job.RunID)
		repeated++
	}
	require.Equal(t, p.job.RunID+"/final", acks[0].delivery)
	var body struct {
		Matched *int64 `json:"matched_count"`
		Left    *int64 `json:"unmatched_left_count"`
		Right   *int64 `json:"unmatched_right_count"`
		Error   string `json:"error"`
	}
	require.NoError(t, json.Unmarshal([]byte(acks[0].body), &body))
	code, status := m.call("GET", "/api/jobs/"+p.job.RunID, "")
	assert.Equal(t, 200, code)
	if strings.HasSuffix(acks[0].path, "/error") {
		if p.kind.counts == nil {
			assert.True(t, p.cancelled || strings.Contains(body.Error, "nothing"), body.Error)
			return repeated
		}
		assert.True(t, p.cancelled, "%s: %s", p.job.RunID, body.Error)
		assert.Equal(t, "the job was cancelled", body.Error)
		assert.Equal(t, "cancelled", status["state"])
		return repeated
	}
	require.NotNil(t, p.kind.counts, p.job.RunID)
	assert.Equal(t, "succeeded", status["state"])
	assert.Equal(t, p.kind.counts, []int64{*body.Matched, *body.Left, *body.Right}, p.job.RunID)
	out := filepath.Join(m.dir, "staging", p.job.OutputPath)
	for i, name := range []string{"matched.parquet", "unmatched_left.parquet", "unmatched_right.parquet"} {
		f, err := file.OpenParquetFile(filepath.Join(out, name), false)
		require.NoError(t, err)
		assert.Equal(t, p.kind.counts[i], f.NumRows(), "%s of %s", name, p.job.RunID)
		require.NoError(t, f.Close())
	}
	assert.FileExists(t, filepath.Join(out, "metadata.json"))
	return repeated
}

// checkLeftovers looks for what killed daemons began and nobody needs.
func checkLeftovers(t *testing.T, m *mortal) {
	t.Helper()
	for _, path := range append(leftover(t, filepath.Join(m.dir, "staging")), leftover(t, m.temp)...) {
		assert.NotContains(t, path, ".partial")
		assert.NotContains(t, path, "kallad-spill")
	}
}

// checkMemory starts one more daemon, and asks it for the jobs of the others.
func checkMemory(t *testing.T, m *mortal, accepted []posted) {
	t.Helper()
	m.start(t)
	m.awaitListening(t)
	for _, p := range accepted {
		text, err := json.Marshal(p.job)
		require.NoError(t, err)
		code, doc := m.call("POST", "/api/jobs", string(text))
		assert.Equal(t, 202, code)
		assert.Equal(t, true, doc["existing"], p.job.RunID)
		_, doc = m.call("GET", "/api/jobs/"+p.job.RunID, "")
		assert.Equal(t, "acknowledged", doc["callback"], "%v", doc)
	}
	other := accepted[0].job
	other.MatchSQL += " -- other"
	text, err := json.Marshal(other)
	require.NoError(t, err)
	code, _ := m.call("POST", "/api/jobs", string(text))
	assert.Equal(t, 409, code)
}
