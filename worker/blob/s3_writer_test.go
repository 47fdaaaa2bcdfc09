package blob_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/blob/s3test"
)

func write(t testing.TB, w io.Writer, content []byte, step int) error {
	t.Helper()
	for len(content) > 0 {
		n := min(step, len(content))
		if _, err := w.Write(content[:n]); err != nil {
			return err
		}
		content = content[n:]
	}
	return nil
}

func TestS3WriterPublishesOnCommit(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	p := s3test.NewProxy(t, b.Endpoint, nil)
	s := newS3(t, p.Endpoint)
	for name, c := range map[string]struct{ size, step, puts int }{
		"empty":     {0, 1, 1},
		"small":     {5, 2, 1},
		"one part":  {5 << 20, 1 << 20, 1},
		"and more":  {5<<20 + 1, 3 << 20, 2},
		"many":      {23<<20 + 7, 1 << 16, 5},
		"one write": {23 << 20, 23 << 20, 5},
	} {
		content := noise(c.size)
		uri := b.URI("runs/" + name)
		p.Forget()
		w, err := s.Create(t.Context(), uri)
		require.NoError(t, err)
		require.NoError(t, write(t, w, content, c.step))
		_, err = s.Stat(t.Context(), uri)
		require.ErrorIs(t, err, blob.ErrNotFound, name)
		require.NoError(t, w.Commit(t.Context()))
		require.NoError(t, w.Abort())
		require.Error(t, w.Commit(t.Context()))
		_, err = w.Write([]byte("late"))
		require.Error(t, err)
		requireSame(t, content, b.Get(t, "runs/"+name))
		require.Zero(t, b.Uploads(t, "runs/"+name))
		puts := slices.DeleteFunc(p.Requests(), func(r string) bool { return !strings.HasPrefix(r, "PUT") })
		require.Len(t, puts, c.puts, name)
	}
}

func TestS3WriterLeavesNoTrace(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	s := newS3(t, b.Endpoint)
	for _, size := range []int{0, 10, 6 << 20, 17 << 20} {
		w, err := s.Create(t.Context(), b.URI("a"))
		require.NoError(t, err)
		require.NoError(t, write(t, w, noise(size), 1<<20))
		require.NoError(t, w.Abort())
		require.NoError(t, w.Abort())
		require.Error(t, w.Commit(t.Context()))

		ctx, cancel := context.WithCancel(t.Context())
		w, err = s.Create(ctx, b.URI("a"))
		require.NoError(t, err)
		require.NoError(t, write(t, w, noise(size), 1<<20))
		cancel()
		require.ErrorIs(t, w.Commit(t.Context()), context.Canceled)
		require.Empty(t, b.Keys(t))
		require.Zero(t, b.Uploads(t, "a"))
	}
}

func TestS3WriterReplacesWhole(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	b.Put(t, "a", []byte("old"))
	s := newS3(t, b.Endpoint)
	w, err := s.Create(t.Context(), b.URI("a"))
	require.NoError(t, err)
	require.NoError(t, write(t, w, noise(6<<20), 1<<20))
	require.Equal(t, "old", string(b.Get(t, "a")))
	require.NoError(t, w.Commit(t.Context()))
	requireSame(t, noise(6<<20), b.Get(t, "a"))
}

func isWrite(r *http.Request) bool {
	return r.Method == http.MethodPut || r.Method == http.MethodPost || r.Method == http.MethodDelete
}

func TestS3WritesThroughFaults(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	for name, fault := range map[string]s3test.Fault{
		"500":         {Status: 500, Code: "InternalError"},
		"slow down":   {Status: 503, Code: "SlowDown"},
		"cut request": {CutRequest: true, CutAfter: 100_000},
		"lost answer": {Cut: true},
		"silence":     {Hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s3test.NewProxy(t, b.Endpoint, faultOnce(isWrite, fault))
			s := newS3(t, p.Endpoint, func(c *blob.S3Config) { c.Timeout = 700 * time.Millisecond })
			for _, size := range []int{100, 17 << 20} {
				uri := b.URI("out/" + name)
				w, err := s.Create(t.Context(), uri)
				require.NoError(t, err)
				require.NoError(t, write(t, w, noise(size), 1<<20))
				require.NoError(t, w.Commit(t.Context()))
				requireSame(t, noise(size), b.Get(t, "out/"+name))
			}
		})
	}
}

// Each kind of request of an upload fails for good: Commit says so, and
// nothing is visible or left behind.
func TestS3WriterFailsWhole(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	for name, match := range map[string]func(r *http.Request) bool{
		"put":      func(r *http.Request) bool { return r.Method == http.MethodPut && !r.URL.Query().Has("partNumber") },
		"begin":    func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Query().Has("uploads") },
		"part 2":   func(r *http.Request) bool { return r.URL.Query().Get("partNumber") == "2" },
		"last":     func(r *http.Request) bool { return r.URL.Query().Get("partNumber") == "4" },
		"complete": func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Query().Has("uploadId") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var failing atomic.Bool
			failing.Store(true)
			p := s3test.NewProxy(t, b.Endpoint, func(r *http.Request) s3test.Fault {
				if match(r) && failing.Load() {
					return s3test.Fault{Status: 503, Code: "SlowDown"}
				}
				return s3test.Fault{}
			})
			s := newS3(t, p.Endpoint, func(c *blob.S3Config) { c.Attempts = 2 })
			size := 17 << 20
			if name == "put" {
				size = 100
			}
			w, err := s.Create(t.Context(), b.URI(name))
			require.NoError(t, err)
			err = write(t, w, noise(size), 1<<20)
			if err == nil {
				err = w.Commit(t.Context())
			} else {
				require.NoError(t, w.Abort())
			}
			require.ErrorContains(t, err, "SlowDown")
			require.ErrorContains(t, err, b.URI(name))
			_, err = s.Stat(t.Context(), b.URI(name))
			require.ErrorIs(t, err, blob.ErrNotFound)
			require.Zero(t, b.Uploads(t, name))
		})
	}
}

func TestS3WriterAbortsInMidUpload(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	p := s3test.NewProxy(t, b.Endpoint, func(r *http.Request) s3test.Fault {
		return s3test.Fault{Hang: r.URL.Query().Has("partNumber")}
	})
	s := newS3(t, p.Endpoint)
	w, err := s.Create(t.Context(), b.URI("a"))
	require.NoError(t, err)
	require.NoError(t, write(t, w, noise(12<<20), 1<<20))
	begin := time.Now()
	require.NoError(t, w.Abort())
	require.Less(t, time.Since(begin), 5*time.Second)
	require.Empty(t, b.Keys(t))
	require.Zero(t, b.Uploads(t, "a"))
}

func TestS3PartsHoldTheLargestObject(t *testing.T) {
	t.Parallel()
	const tebibyte = 1 << 40
	var total int64
	for number := int32(1); number <= 10_000; number++ {
		size := blob.PartSize(8<<20, number)
		total += size
		require.LessOrEqual(t, size, int64(5<<30), "S3's largest part")
		if total < 7<<30 {
			require.Equal(t, int64(8<<20), size)
		}
	}
	require.GreaterOrEqual(t, total, int64(5*tebibyte))
}
