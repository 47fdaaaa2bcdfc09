package trace_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"kallad/worker/trace"
)

func TestRequestIDsAreTakenIfTheyCanBeShown(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"7", "5f0c2f9e-6f8e-4c0e-9a40-3f3a5a0b7a11", "a.b_c:d/e+f=@", strings.Repeat("x", 128)} {
		assert.Equal(t, good, trace.RequestID(good))
	}
	seen := map[string]bool{}
	for _, bad := range []string{"", "a b", "a\nlevel=ERROR", "\"", "é", "<x>", strings.Repeat("x", 129)} {
		got := trace.RequestID(bad)
		assert.Regexp(t, "^[0-9a-f]{24}$", got, "%q", bad)
		assert.False(t, seen[got])
		seen[got] = true
	}
}

func TestLinesSayWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(trace.Logged(slog.NewTextHandler(&out, nil))).With("run_id", "r").WithGroup("g")
	ctx := trace.Continue(trace.WithRequest(t.Context(), "q-1"), map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
	log.InfoContext(ctx, "hello")
	assert.Contains(t, out.String(), `msg=hello run_id=r g.request_id=q-1 g.trace_id=0af7651916cd43dd8448eb211c80319c`)
	out.Reset()
	log.Info("hello")
	assert.NotContains(t, out.String(), "request_id")
	assert.NotContains(t, out.String(), "trace_id")
}

// Without a provider nothing is recorded, and a caller's trace goes through.
func TestATraceOfTheCallersGoesThrough(t *testing.T) {
	t.Parallel()
	carried := map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=1"}
	ctx, span := trace.Start(trace.Continue(t.Context(), carried), "work")
	assert.Equal(t, carried, trace.Carry(ctx))
	span.End(context.Canceled)
	assert.Empty(t, trace.Carry(t.Context()))
	assert.Empty(t, trace.Carry(trace.Continue(t.Context(), map[string]string{"traceparent": "nonsense"})))
	assert.Empty(t, trace.Carry(trace.Continue(t.Context(), nil)))
}
