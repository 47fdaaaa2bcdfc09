package blob_test

import (
	"bytes"
	"fmt"
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

// faultOnce gives each distinct request that match holds for its fault once. A
// read that goes on where it broke is not another one.
func faultOnce(match func(*http.Request) bool, fault s3test.Fault) func(*http.Request) s3test.Fault {
	var seen []string
	return func(r *http.Request) s3test.Fault {
		_, rangeEnd, _ := strings.Cut(r.Header.Get("Range"), "-")
		key := r.Method + r.URL.String() + rangeEnd
		if !match(r) || slices.Contains(seen, key) {
			return s3test.Fault{}
		}
		seen = append(seen, key)
		return fault
	}
}

func isGet(r *http.Request) bool { return r.Method == http.MethodGet }

func TestS3ReadsThroughFaults(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	content := noise(24<<20 + 3)
	b.Put(t, "large", content)
	faults := map[string]s3test.Fault{
		"500":               {Status: 500, Code: "InternalError"},
		"503 slow down":     {Status: 503, Code: "SlowDown"},
		"502":               {Status: 502},
		"429":               {Status: 429, Code: "TooManyRequestsException"},
		"no answer":         {Cut: true},
		"cut early":         {Cut: true, CutAfter: 1},
		"cut in the middle": {Cut: true, CutAfter: 700_001},
		"silence":           {Hang: true},
		"slow start":        {Delay: 100 * time.Millisecond},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s3test.NewProxy(t, b.Endpoint, faultOnce(isGet, fault))
			s := newS3(t, p.Endpoint, func(c *blob.S3Config) { c.Timeout = 500 * time.Millisecond })
			o := open(t, s, b.URI("large"))
			got, err := readRange(t, o, 0, -1)
			require.NoError(t, err)
			requireSame(t, content, got)
			all := make([]byte, len(content))
			_, err = o.ReadAt(t.Context(), all, 0)
			require.NoError(t, err)
			requireSame(t, content, all)
		})
	}
}

func TestS3ResumesWhereItBroke(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	content := noise(3 << 20)
	b.Put(t, "a", content)
	var ranges []string
	p := s3test.NewProxy(t, b.Endpoint, func(r *http.Request) s3test.Fault {
		ranges = append(ranges, r.Header.Get("Range"))
		return s3test.Fault{Cut: len(ranges) > 1, CutAfter: 300_000}
	})
	o := open(t, newS3(t, p.Endpoint), b.URI("a"))
	got, err := readRange(t, o, 100_000, 1_000_000)
	require.NoError(t, err)
	requireSame(t, content[100_000:1_100_000], got)
	require.Equal(t, []string{"bytes=0-65535", "bytes=100000-1099999", "bytes=400000-1099999", "bytes=700000-1099999", "bytes=1000000-1099999"}, ranges)
}

func TestS3GivesUp(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	b.Put(t, "large", noise(3<<20))
	for name, c := range map[string]struct {
		fault s3test.Fault
		want  string
	}{
		"slow down": {s3test.Fault{Status: 503, Code: "SlowDown"}, "SlowDown"},
		"cut":       {s3test.Fault{Cut: true, CutAfter: 0}, ""},
		"refused":   {s3test.Fault{Status: 403, Code: "AccessDenied"}, "AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var failing atomic.Bool
			p := s3test.NewProxy(t, b.Endpoint, func(*http.Request) s3test.Fault {
				if failing.Load() {
					return c.fault
				}
				return s3test.Fault{}
			})
			s := newS3(t, p.Endpoint, func(c *blob.S3Config) { c.Attempts = 3 })
			o := open(t, s, b.URI("large"))
			p.Forget()
			failing.Store(true)
			_, err := readRange(t, o, 0, -1)
			require.Error(t, err)
			require.ErrorContains(t, err, `read "`+b.URI("large")+`"`)
			require.ErrorContains(t, err, c.want)
			if name == "refused" {
				require.Len(t, p.Requests(), 1)
				require.ErrorIs(t, err, blob.ErrPermission)
				return
			}
			// Go's HTTP client asks once more by itself when a connection that it
			// kept turns out to be closed.
			require.Contains(t, []int{3, 4}, len(p.Requests()))
			require.False(t, blob.IsInput(err))
		})
	}
}

// An object that is replaced between two requests is an error, wherever the
// requests fall, and never a mix.
func TestS3NeverMixesVersions(t *testing.T) {
	t.Parallel()
	for replaceAt := range 7 {
		t.Run(fmt.Sprint(replaceAt), func(t *testing.T) {
			t.Parallel()
			b := server.Bucket(t)
			old := bytes.Repeat([]byte("o"), 24<<20)
			b.Put(t, "a", old)
			n := 0
			p := s3test.NewProxy(t, b.Endpoint, func(r *http.Request) s3test.Fault {
				n++
				f := s3test.Fault{Cut: n == 4, CutAfter: 100_000}
				if n == replaceAt+2 {
					f.Before = func() { b.Put(t, "a", bytes.Repeat([]byte("n"), 24<<20)) }
				}
				return f
			})
			s := newS3(t, p.Endpoint)
			o := open(t, s, b.URI("a"))
			got, err := readRange(t, o, 0, -1)
			require.False(t, bytes.ContainsRune(got, 'n'))
			if err == nil {
				requireSame(t, old, got) // replaced after the last request
				require.Greater(t, replaceAt, 4)
				return
			}
			require.ErrorIs(t, err, blob.ErrChanged)
		})
	}
}
