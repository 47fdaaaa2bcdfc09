package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// startTimeout bounds initdb and the start of a server on a busy machine.
const startTimeout = 90 * time.Second

// cluster is one running postgres. Its guard is a shell that reads a pipe from
// this process: when the pipe closes, because the tests end or are killed, it
// stops postgres and removes the folder.
type cluster struct {
	bin  string
	dir  string
	port int

	guard *exec.Cmd
	pipe  io.Closer
	// log is a file, because a buffer would need a goroutine that the tests'
	// leak checks would find.
	log *os.File
}

// guardScript runs postgres with the arguments after the folder until standard
// input ends.
const guardScript = `dir=$1; shift
"$@" </dev/null & pid=$!
read -r _
kill -INT $pid 2>/dev/null; wait $pid
rm -rf "$dir"`

// initAndStart makes a cluster; again, with another port, when somebody else
// takes the free one first.
func initAndStart(settings []string) (*cluster, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	return retry(func() (*cluster, error) {
		dir, err := tempDir()
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, "password"), []byte(Password+"\n"), 0o644); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
		initdb := []string{
			filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", User, "--no-sync",
			"--pwfile", filepath.Join(dir, "password"), "--auth-local=trust", "--auth-host=scram-sha-256",
			"--encoding=UTF8", "--locale=C.UTF-8",
		}
		if out, err := unprivileged(dir, initdb...).CombinedOutput(); err != nil {
			return nil, errors.Join(fmt.Errorf("run initdb: %w: %s", err, out), os.RemoveAll(dir))
		}
		return start(bin, dir, settings)
	})
}

func retry(attempt func() (*cluster, error)) (c *cluster, err error) {
	for range 3 {
		if c, err = attempt(); err == nil || !errors.Is(err, errPortTaken) {
			return c, err
		}
	}
	return nil, err
}

// errPortTaken is the one fault that another attempt may cure.
var errPortTaken = errors.New("the port was taken meanwhile")

// start starts postgres in dir, and removes dir when that fails.
func start(bin, dir string, settings []string) (*cluster, error) {
	port, err := freePort()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	args := []string{"sh", "-c", guardScript, "guard", dir, filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data")}
	for _, s := range append([]string{
		"listen_addresses=127.0.0.1", fmt.Sprintf("port=%d", port), "unix_socket_directories=" + dir,
		"fsync=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=100",
		"max_wal_size=4GB", "timezone=UTC", "log_min_messages=fatal",
	}, settings...) {
		args = append(args, "-c", s)
	}
	c := &cluster{bin: bin, dir: dir, port: port, guard: unprivileged(dir, args...)}
	if c.log, err = os.CreateTemp("", "pgtest-log"); err != nil {
		return nil, fmt.Errorf("make a log file: %w", err)
	}
	c.guard.Stdout, c.guard.Stderr = c.log, c.log
	if c.pipe, err = c.guard.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.guard.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start postgres: %w", err), c.log.Close(), os.Remove(c.log.Name()))
	}
	if err := c.waitReady(); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// waitReady connects until the server answers.
func (c *cluster) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, fmt.Sprintf("host=%s port=%d user=%s database=postgres", c.dir, c.port, User))
		if err == nil {
			return conn.Close(ctx)
		}
		said, _ := os.ReadFile(c.log.Name())
		if bytes.Contains(said, []byte("could not create any TCP/IP sockets")) {
			return errPortTaken
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for postgres: %w; the server says: %s", err, said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server and waits until its folder is gone.
func (c *cluster) stop() error {
	_ = c.pipe.Close()
	err := c.guard.Wait()
	said, _ := os.ReadFile(c.log.Name())
	err = errors.Join(err, c.log.Close(), os.Remove(c.log.Name()))
	if err != nil {
		return fmt.Errorf("stop postgres: %w: %s", err, said)
	}
	return nil
}

// startStandby copies the running cluster and starts the copy as a standby.
func (c *cluster) startStandby() (*cluster, error) {
	return retry(func() (*cluster, error) {
		dir, err := tempDir()
		if err != nil {
			return nil, err
		}
		backup := []string{
			filepath.Join(c.bin, "pg_basebackup"), "-h", c.dir, "-p", fmt.Sprint(c.port), "-U", User,
			"-D", filepath.Join(dir, "data"), "-R", "-X", "stream", "-c", "fast", "--no-sync",
		}
		if out, err := unprivileged(dir, backup...).CombinedOutput(); err != nil {
			return nil, errors.Join(fmt.Errorf("run pg_basebackup: %w: %s", err, out), os.RemoveAll(dir))
		}
		return start(c.bin, dir, []string{"hot_standby=on"})
	})
}

// findBinaries returns the folder of initdb and postgres: that of PATH, else
// the newest of the places where Debian, Red Hat and Homebrew put them.
func findBinaries() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			if _, err := os.Stat(filepath.Join(filepath.Dir(p), "postgres")); err == nil {
				return filepath.Dir(p), nil
			}
		}
	}
	var found []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin/initdb", "/usr/pgsql-*/bin/initdb",
		"/opt/homebrew/opt/postgresql@*/bin/initdb", "/usr/local/opt/postgresql@*/bin/initdb",
	} {
		m, _ := filepath.Glob(pattern)
		found = append(found, m...)
	}
	if len(found) == 0 {
		return "", errors.New("no Postgres on this machine, neither in PATH nor under /usr/lib/postgresql; get one with: apt-get install postgresql")
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) < version(found[j]) })
	return filepath.Dir(found[len(found)-1]), nil
}

// version returns the major version in a path such as
// /usr/lib/postgresql/15/bin/initdb; 0 without one.
func version(path string) int {
	n := 0
	digits := strings.FieldsFunc(path, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) > 0 {
		_, _ = fmt.Sscan(digits[0], &n)
	}
	return n
}

// freePort asks the system for a loopback port that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// tempDir makes a folder whose path is short enough for a unix socket and
// which the server's user may enter and write.
func tempDir() (string, error) {
	parent := "/tmp"
	if info, err := os.Stat(parent); err != nil || !info.IsDir() {
		parent = os.TempDir()
	}
	dir, err := os.MkdirTemp(parent, "pgtest")
	if err != nil {
		return "", fmt.Errorf("make a folder for postgres: %w", err)
	}
	if err := own(dir); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}
