// Package s3test starts a throw-away S3 server for tests, a MinIO on a free
// loopback port, gone when the test process ends, however it ends; and a proxy
// that stands between it and a client and misbehaves as told.
//
// It must not know what the tests test. Only tests import it.
package s3test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// AccessKey and SecretKey are the server's only user.
const (
	AccessKey = "kallad-test"
	SecretKey = "kallad-test-secret"
)

// startTimeout bounds the start of a server on a busy machine.
const startTimeout = 60 * time.Second

// Server is one S3 server, shared by the tests of a package. It starts when
// the first test asks for a bucket. All methods are safe for concurrent use.
//
//	var server = s3test.New()
//
//	func TestMain(m *testing.M) { os.Exit(server.Run(m)) }
//
//	func TestRead(t *testing.T) {
//		bucket := server.Bucket(t)
//		bucket.Put(t, "a.csv", []byte("id\n1\n"))
//		read(bucket.URI("a.csv"))
//	}
type Server struct {
	once    sync.Once
	process *process
	client  *s3.Client
	err     error
	next    atomic.Int64
}

// New returns a server that is not started yet.
func New() *Server { return &Server{} }

// Run runs a package's tests and stops the server after them; it returns the
// exit code for TestMain.
func (s *Server) Run(m interface{ Run() int }) int {
	code := m.Run()
	if err := s.Stop(); err != nil {
		fmt.Println(err)
		return max(code, 1)
	}
	return code
}

// Stop ends the server and removes its files. A server that never started has
// nothing to stop.
func (s *Server) Stop() error {
	if s.process == nil {
		return nil
	}
	return s.process.stop()
}

// Bucket creates an empty bucket of the test's own. Without a MinIO on this
// machine it fails the test.
func (s *Server) Bucket(t testing.TB) *Bucket {
	t.Helper()
	s.once.Do(s.start)
	if s.err != nil {
		t.Fatalf("start an S3 server for tests: %v", s.err)
	}
	b := &Bucket{Name: fmt.Sprintf("test-%d", s.next.Add(1)), Endpoint: s.process.endpoint, client: s.client}
	if _, err := s.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &b.Name}); err != nil {
		t.Fatalf("create bucket %s: %v", b.Name, err)
	}
	return b
}

// Credentials are those of the server's user.
func Credentials() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, "")
}

func (s *Server) start() {
	if s.process, s.err = startRetrying(); s.err != nil {
		return
	}
	s.client = s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: &s.process.endpoint, UsePathStyle: true, Credentials: Credentials(),
		// Connections that outlive a request would be goroutines that outlive a test.
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
}

// process is a running server. Its guard is a shell that reads a pipe from
// this process: when the pipe closes, because the tests end or are killed, it
// stops the server and removes the folder.
type process struct {
	endpoint string
	guard    *exec.Cmd
	pipe     io.Closer
	log      *bytes.Buffer
}

// guardScript runs the server with the arguments after the folder until
// standard input ends.
const guardScript = `dir=$1; shift
"$@" </dev/null & pid=$!
read -r _
kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null
rm -rf "$dir"`

// startRetrying starts the server, on another port when somebody else takes
// the free one first.
func startRetrying() (*process, error) {
	program, err := findProgram()
	if err != nil {
		return nil, err
	}
	var errs error
	for range 3 {
		p, err := startProcess(program)
		if err == nil {
			return p, nil
		}
		errs = errors.Join(errs, err)
	}
	return nil, errs
}

func startProcess(program string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "s3test")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the S3 server: %w", err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	p := &process{endpoint: "http://" + address, log: &bytes.Buffer{}}
	p.guard = exec.Command("sh", "-c", guardScript, "guard", dir,
		program, "server", "--quiet", "--address", address, "--certs-dir", filepath.Join(dir, "certs"), filepath.Join(dir, "data"))
	p.guard.Env = append(os.Environ(),
		"HOME="+dir, "MINIO_ROOT_USER="+AccessKey, "MINIO_ROOT_PASSWORD="+SecretKey, "MINIO_BROWSER=off", "MINIO_UPDATE=off")
	p.guard.Stdout, p.guard.Stderr = p.log, p.log
	if p.pipe, err = p.guard.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.guard.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	if err := p.waitReady(); err != nil {
		return nil, fmt.Errorf("%w; the server says: %s", errors.Join(err, p.stop()), p.log)
	}
	return p, nil
}

// waitReady asks until the server says that it takes requests.
func (p *process) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		err := p.ready(ctx, client)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the S3 server: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *process) ready(ctx context.Context, client *http.Client) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.endpoint+"/minio/health/ready", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		err = fmt.Errorf("it answers %s", response.Status)
	}
	return errors.Join(err, response.Body.Close())
}

// stop ends the server and waits until its folder is gone.
func (p *process) stop() error {
	_ = p.pipe.Close()
	if err := p.guard.Wait(); err != nil {
		return fmt.Errorf("stop the S3 server: %w: %s", err, p.log)
	}
	return nil
}
