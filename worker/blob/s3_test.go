package blob_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/worker/blob"
	"kallad/worker/blob/s3test"
)

var server = s3test.New()

func TestMain(m *testing.M) { os.Exit(server.Run(leakChecked{m})) }

// leakChecked looks for goroutines that outlive the tests, before the server
// stops.
type leakChecked struct{ m *testing.M }

func (l leakChecked) Run() int {
	code := l.m.Run()
	// The server's own process is waited for by two goroutines of os/exec.
	if err := goleak.Find(goleak.IgnoreAnyFunction("os/exec.(*Cmd).Start.func2"), goleak.IgnoreAnyFunction("os/exec.(*Cmd).writerDescriptor.func1")); err != nil {
		fmt.Println(err)
		return max(code, 1)
	}
	return code
}

func newS3(t testing.TB, endpoint string, change ...func(*blob.S3Config)) *blob.S3 {
	t.Helper()
	cfg := blob.S3Config{
		Region: "us-east-1", EndpointURL: endpoint, AllowHTTP: true, Credentials: s3test.Credentials(),
		PartBytes: 5 << 20, MaxBackoff: 20 * time.Millisecond,
	}
	for _, c := range change {
		c(&cfg)
	}
	s, err := blob.NewS3(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// noise is n bytes that differ everywhere.
func noise(n int) []byte {
	b := make([]byte, n)
	source := rand.NewChaCha8([32]byte{byte(n)})
	_, _ = source.Read(b)
	return b
}

func requireSame(t testing.TB, want, got []byte) {
	t.Helper()
	require.Equal(t, len(want), len(got))
	require.Equal(t, sha256.Sum256(want), sha256.Sum256(got))
}

func readRange(t testing.TB, o blob.Object, offset, length int64) ([]byte, error) {
	t.Helper()
	r, err := o.ReadRange(t.Context(), offset, length)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	return io.ReadAll(r)
}

func open(t testing.TB, s blob.Store, uri string) blob.Object {
	t.Helper()
	o, err := s.Open(t.Context(), uri)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	return o
}

func TestS3ReadsRanges(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	content := noise(23<<20 + 17)
	b.Put(t, "dir/a b%20?ü.bin", content)
	s := newS3(t, b.Endpoint)
	o := open(t, s, b.URI("dir/a b%20?ü.bin"))
	require.Equal(t, int64(len(content)), o.Info().Size)
	require.NotZero(t, o.Info().ModTime)
	size := int64(len(content))
	for _, r := range [][2]int64{{0, -1}, {0, 10}, {10, 70000}, {65535, 2}, {65536, 1 << 20}, {size - 5, -1}, {size - 5, 100}, {size, -1}, {3 << 20, 12 << 20}, {7, 0}} {
		got, err := readRange(t, o, r[0], r[1])
		require.NoError(t, err)
		end := size
		if r[1] >= 0 {
			end = min(size, r[0]+r[1])
		}
		requireSame(t, content[r[0]:end], got)

		p := make([]byte, end-r[0]+1)
		n, err := o.ReadAt(t.Context(), p[:end-r[0]], r[0])
		require.NoError(t, err)
		requireSame(t, content[r[0]:end], p[:n])
	}
	n, err := o.ReadAt(t.Context(), make([]byte, 10), size-4)
	require.Equal(t, io.EOF, err)
	require.Equal(t, 4, n)
	_, err = o.ReadRange(t.Context(), size+1, 1)
	require.ErrorContains(t, err, "outside")
}

func TestS3SmallObjectsTakeOneRequest(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	p := s3test.NewProxy(t, b.Endpoint, nil)
	b.Put(t, "small.csv", []byte("id\n1\n"))
	b.Put(t, "empty.csv", nil)
	s := newS3(t, p.Endpoint)
	o := open(t, s, b.URI("small.csv"))
	for range 3 {
		got, err := readRange(t, o, 0, -1)
		require.NoError(t, err)
		require.Equal(t, "id\n1\n", string(got))
	}
	require.Len(t, p.Requests(), 1)
	p.Forget()
	o = open(t, s, b.URI("empty.csv"))
	got, err := readRange(t, o, 0, -1)
	require.NoError(t, err)
	require.Empty(t, got)
	require.LessOrEqual(t, len(p.Requests()), 2)
}

func TestS3LooksAheadOnlyForWhoReadsOn(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	p := s3test.NewProxy(t, b.Endpoint, nil)
	b.Put(t, "large", noise(40<<20))
	o := open(t, newS3(t, p.Endpoint), b.URI("large"))
	p.Forget()
	r, err := o.ReadRange(t.Context(), 0, -1)
	require.NoError(t, err)
	_, err = io.ReadFull(r, make([]byte, 500<<10))
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Len(t, p.Requests(), 1)
	_, err = r.Read(make([]byte, 1))
	require.Error(t, err)
}

func TestS3ReadsWithoutMemoryForReadingAhead(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	content := noise(20 << 20)
	b.Put(t, "large", content)
	o := open(t, newS3(t, b.Endpoint, func(c *blob.S3Config) { c.ReadAheadBytes = 1 }), b.URI("large"))
	got, err := readRange(t, o, 5, -1)
	require.NoError(t, err)
	requireSame(t, content[5:], got)
}

func TestS3OpenVersion(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	b.Put(t, "a", []byte("one"))
	s := newS3(t, b.Endpoint)
	info, err := s.Stat(t.Context(), b.URI("a"))
	require.NoError(t, err)
	require.Equal(t, int64(3), info.Size)
	o, err := s.OpenVersion(t.Context(), b.URI("a"), info.Version)
	require.NoError(t, err)
	got, err := readRange(t, o, 1, 1)
	require.NoError(t, err)
	require.Equal(t, "n", string(got))
	b.Put(t, "a", []byte("two"))
	_, err = s.OpenVersion(t.Context(), b.URI("a"), info.Version)
	require.ErrorIs(t, err, blob.ErrChanged)
	_, err = o.ReadAt(t.Context(), make([]byte, 1), 0)
	require.ErrorIs(t, err, blob.ErrChanged)
	require.True(t, blob.IsInput(err))
}

func TestS3NamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	s := newS3(t, b.Endpoint)
	stranger := newS3(t, b.Endpoint, func(c *blob.S3Config) {
		c.Credentials = credentials.NewStaticCredentialsProvider("nobody-here", "not-the-secret", "")
	})
	wrongKey := newS3(t, b.Endpoint, func(c *blob.S3Config) {
		c.Credentials = credentials.NewStaticCredentialsProvider(s3test.AccessKey, "not-the-secret", "")
	})
	b.Put(t, "a", []byte("x"))
	cases := []struct {
		store blob.Store
		uri   string
		want  error
		text  string
	}{
		{s, b.URI("none"), blob.ErrNotFound, `"` + b.URI("none") + `": not found`},
		{s, "s3://no-such-bucket/a", blob.ErrNotFound, "bucket"},
		{stranger, b.URI("a"), blob.ErrPermission, b.URI("a")},
		{wrongKey, b.URI("a"), blob.ErrPermission, b.URI("a")},
		{s, "s3:///a", blob.ErrBadURI, "want s3://bucket/key"},
		{s, "s3://key:secret@bucket/a", blob.ErrBadURI, "want s3://bucket/key"},
		{s, "s3://" + b.Name, blob.ErrBadURI, "folder"},
		{s, "s3://" + b.Name + "/folder/", blob.ErrBadURI, "folder"},
		{s, "/plain", blob.ErrBadURI, "not an s3:// address"},
	}
	for _, c := range cases {
		_, statErr := c.store.Stat(t.Context(), c.uri)
		_, openErr := c.store.Open(t.Context(), c.uri)
		_, versionErr := c.store.OpenVersion(t.Context(), c.uri, "0123")
		for _, err := range []error{statErr, openErr, versionErr} {
			require.ErrorIs(t, err, c.want, c.uri)
			require.ErrorContains(t, err, c.text)
			require.NotContains(t, err.Error(), "secret")
		}
	}
	_, err := s.Create(t.Context(), "s3://no-such-bucket/a")
	require.ErrorIs(t, err, blob.ErrNotFound)
	_, err = s.List(t.Context(), "s3://no-such-bucket/*.csv")
	require.ErrorIs(t, err, blob.ErrNotFound)
}

func TestS3ConfigNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := blob.NewS3(blob.S3Config{EndpointURL: "http://host:9000", PartBytes: 1, Attempts: -1})
	require.ErrorContains(t, err, "AWS_ALLOW_HTTP")
	require.ErrorContains(t, err, "part size")
	require.ErrorContains(t, err, "negative")
	_, err = blob.NewS3(blob.S3Config{EndpointURL: "host:9000"})
	require.ErrorContains(t, err, "want an address")
	_, err = blob.NewS3(blob.S3Config{EndpointURL: "https://host:9000"})
	require.NoError(t, err)
}

// The chain and its settings are the SDK's; this is what it finds in the
// environment.
func TestS3UsesTheUsualChain(t *testing.T) {
	b := server.Bucket(t)
	b.Put(t, "a", []byte("x"))
	t.Setenv("AWS_ACCESS_KEY_ID", s3test.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3test.SecretKey)
	t.Setenv("AWS_ENDPOINT_URL", b.Endpoint)
	t.Setenv("AWS_REGION", "us-east-1")
	plain, err := blob.NewS3(blob.S3Config{})
	require.NoError(t, err)
	_, err = plain.Stat(t.Context(), b.URI("a"))
	require.ErrorContains(t, err, "AWS_ALLOW_HTTP")
	require.NoError(t, plain.Close())
	s, err := blob.NewS3(blob.S3Config{AllowHTTP: true})
	require.NoError(t, err)
	_, err = s.Stat(t.Context(), b.URI("a"))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, err = s.Stat(t.Context(), b.URI("a"))
	require.ErrorContains(t, err, "closed")
}

func TestS3MissesCredentials(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	s, err := blob.NewS3(blob.S3Config{})
	require.NoError(t, err)
	_, err = s.Open(t.Context(), "s3://bucket/key")
	require.ErrorIs(t, err, blob.ErrPermission)
	require.ErrorContains(t, err, "find AWS credentials")
}

func TestS3List(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	for _, key := range []string{"b.csv", "a.csv", "c.parquet", ".hidden.csv", "x[1].csv", "y=1/a.csv", "y=1/z=2/a.csv", "y=2/b.csv", ".git/a.csv", "y=1/.part.csv"} {
		b.Put(t, "in/"+key, []byte(key))
	}
	b.Put(t, "in/marker/", nil)
	s := newS3(t, b.Endpoint)
	cases := map[string]string{
		"in/*.csv":        "a.csv b.csv x[1].csv",
		"in/**/*.csv":     "a.csv b.csv x[1].csv y=1/a.csv y=1/z=2/a.csv y=2/b.csv",
		"in/":             "a.csv b.csv c.parquet x[1].csv y=1/a.csv y=1/z=2/a.csv y=2/b.csv",
		"in/y=?/*.csv":    "y=1/a.csv y=2/b.csv",
		"in/x[1].csv":     "x[1].csv",
		"in/a.csv":        "a.csv",
		"**/z=2/*":        "y=1/z=2/a.csv",
		"in/[ac].*":       "a.csv c.parquet",
		"in/.hidden*":     ".hidden.csv",
		"in/y=1/**/a.csv": "y=1/a.csv y=1/z=2/a.csv",
	}
	for pattern, want := range cases {
		infos, err := s.List(t.Context(), b.URI(pattern))
		require.NoError(t, err, pattern)
		var got []string
		for _, i := range infos {
			key := strings.TrimPrefix(i.URI, b.URI("in/"))
			require.Equal(t, int64(len(key)), i.Size)
			got = append(got, key)
		}
		require.Equal(t, want, strings.Join(got, " "), pattern)
		stat, err := s.Stat(t.Context(), infos[0].URI)
		require.NoError(t, err)
		require.Equal(t, stat.Version, infos[0].Version)
	}
	all, err := s.List(t.Context(), "s3://"+b.Name)
	require.NoError(t, err)
	require.Len(t, all, 7)
	for _, none := range []string{"in/*.txt", "absent/", "absent.csv"} {
		_, err := s.List(t.Context(), b.URI(none))
		require.ErrorIs(t, err, blob.ErrNotFound, none)
	}
	_, err = s.List(t.Context(), b.URI("in/[a"))
	require.ErrorIs(t, err, blob.ErrBadURI)
}

func TestS3ListsManyPages(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	const n = 1100 // a page has 1000
	for i := range n {
		b.Put(t, fmt.Sprintf("%05d.csv", i), nil)
	}
	infos, err := newS3(t, b.Endpoint).List(t.Context(), b.URI("*.csv"))
	require.NoError(t, err)
	require.Len(t, infos, n)
	require.Equal(t, b.URI("01099.csv"), infos[n-1].URI)
}

func TestS3ReadsStopWithTheirContext(t *testing.T) {
	t.Parallel()
	b := server.Bucket(t)
	b.Put(t, "large", noise(30<<20))
	var hanging atomic.Bool
	p := s3test.NewProxy(t, b.Endpoint, func(*http.Request) s3test.Fault { return s3test.Fault{Hang: hanging.Load()} })
	o := open(t, newS3(t, p.Endpoint), b.URI("large"))
	ctx, cancel := context.WithCancel(t.Context())
	r, err := o.ReadRange(ctx, 0, -1)
	require.NoError(t, err)
	_, err = io.ReadFull(r, make([]byte, 1000))
	require.NoError(t, err)
	hanging.Store(true)
	stop := time.AfterFunc(50*time.Millisecond, cancel)
	defer stop.Stop()
	begin := time.Now()
	_, err = io.Copy(io.Discard, r)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, r.Close())
	require.Less(t, time.Since(begin), 5*time.Second)
}
