package callback_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/worker/callback"
	"kallad/worker/recon"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sent is a delivery as it reached the receiver.
type sent struct {
	event   callback.Event
	id      string
	attempt int
	at      time.Duration // since the receiver was made
	body    map[string]any
}

// receiver is a caller of which the test decides how it answers.
type receiver struct {
	answer func(ctx context.Context, d callback.Delivery) error

	mu   sync.Mutex
	from time.Time
	got  []sent
}

func newReceiver(answer func(ctx context.Context, d callback.Delivery) error) *receiver {
	if answer == nil {
		answer = func(context.Context, callback.Delivery) error { return nil }
	}
	return &receiver{answer: answer, from: time.Now()}
}

func (r *receiver) Post(ctx context.Context, d callback.Delivery) error {
	s := sent{event: d.Event, id: d.ID, attempt: d.Attempt}
	if err := json.Unmarshal(d.Body, &s.body); err != nil {
		return err
	}
	r.mu.Lock()
	s.at = time.Since(r.from)
	r.got = append(r.got, s)
	r.mu.Unlock()
	return r.answer(ctx, d)
}

func (r *receiver) all() []sent {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]sent(nil), r.got...)
}

func (r *receiver) events() []string {
	var events []string
	for _, s := range r.all() {
		name := string(s.event)
		if stage, ok := s.body["stage"].(string); ok {
			name += " " + stage
		}
		events = append(events, name)
	}
	return events
}

// meter counts by "event outcome".
type meter struct {
	mu     sync.Mutex
	counts map[string]int
}

func (m *meter) add(key string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.counts == nil {
		m.counts = map[string]int{}
	}
	if ok {
		m.counts[key+" ok"]++
	} else {
		m.counts[key+" failed"]++
	}
}

func (m *meter) ObserveRequest(event string, ok bool, _ time.Duration) { m.add("request "+event, ok) }
func (m *meter) ObserveDelivery(event string, ok bool)                 { m.add("delivery "+event, ok) }

var quiet = slog.New(slog.DiscardHandler)

func newSender(r callback.Poster) *callback.Sender {
	return callback.New(callback.DefaultConfig(), r, &meter{}, quiet)
}

func job() *recon.Job {
	return &recon.Job{RunID: "run-1", CallbackURL: "http://app:3000/api/worker"}
}

func notifier(t *testing.T, s *callback.Sender) *callback.Notifier {
	t.Helper()
	n, err := s.Notifier(job(), 1, nil)
	require.NoError(t, err)
	return n
}

func complete(t *testing.T, n *callback.Notifier, r *recon.Result) {
	t.Helper()
	r.RunID = "run-1"
	f, err := callback.Complete(r)
	require.NoError(t, err)
	n.End(f)
}

func fail(t *testing.T, n *callback.Notifier, stage recon.Stage, text string) {
	t.Helper()
	f, err := callback.Fail(callback.Failure{RunID: "run-1", Error: text, Stage: stage}, time.Time{})
	require.NoError(t, err)
	n.End(f)
}

func at(stage recon.Stage, fraction float64) recon.Progress {
	return recon.Progress{Stage: stage, Fraction: fraction}
}

func count(n int64) *int64 { return &n }

func expired() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
