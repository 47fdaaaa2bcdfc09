// Package pgtest starts throw-away Postgres servers for tests: a fresh cluster
// in a temporary folder, on a free loopback port, gone when the test process
// ends, however it ends.
//
// It must not know what the tests test. Only tests import it.
package pgtest

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// User and Password are the superuser's. Connections over TCP need the
// password; those over the unix socket don't.
const (
	User     = "kallad"
	Password = "p@ss/w:rd%"
)

// Server is one cluster, shared by the tests of a package. It starts when the
// first test asks for a database. All methods are safe for concurrent use.
//
//	var server = pgtest.New()
//
//	func TestMain(m *testing.M) { os.Exit(server.Run(m)) }
//
//	func TestRead(t *testing.T) {
//		db := server.Database(t)
//		db.Exec(t, "CREATE TABLE invoices (id int)")
//		read(db.URL("table=invoices"))
//	}
type Server struct {
	settings []string
	once     sync.Once
	cluster  *cluster
	err      error
	next     atomic.Int64
}

// New returns a server that is not started yet. Settings are lines of
// postgresql.conf, such as "max_connections=20".
func New(settings ...string) *Server {
	return &Server{settings: settings}
}

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

// Stop ends the server and removes its files. A server that never started
// has nothing to stop.
func (s *Server) Stop() error {
	if s.cluster == nil {
		return nil
	}
	return s.cluster.stop()
}

// start starts the cluster once; without a Postgres on this machine it fails
// the test.
func (s *Server) start(t testing.TB) *cluster {
	t.Helper()
	s.once.Do(func() { s.cluster, s.err = initAndStart(s.settings) })
	if s.err != nil {
		t.Fatalf("start a postgres server for tests: %v", s.err)
	}
	return s.cluster
}

// Database creates an empty UTF-8 database of the test's own, dropped at the
// test's end. Options are appended to CREATE DATABASE, such as
// "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0".
func (s *Server) Database(t testing.TB, options ...string) *Database {
	t.Helper()
	c := s.start(t)
	name := fmt.Sprintf("test_%d", s.next.Add(1))
	admin := c.database("postgres")
	admin.Exec(t, "CREATE DATABASE "+name+" "+strings.Join(options, " "))
	t.Cleanup(func() { admin.Exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return c.database(name)
}

// Standby starts a hot standby of this server, which follows it until the
// test's end, and returns db as the standby shows it. It has replayed all that
// was committed before the call.
func (s *Server) Standby(t testing.TB, db *Database) *Database {
	t.Helper()
	standby, err := s.start(t).startStandby()
	if err != nil {
		t.Fatalf("start a hot standby for tests: %v", err)
	}
	t.Cleanup(func() {
		if err := standby.stop(); err != nil {
			t.Error(err)
		}
	})
	return standby.database(db.Name)
}

// Database is one database on a server.
type Database struct {
	Host string
	Port int
	// Socket is the folder of the server's unix socket.
	Socket string
	Name   string
	// Bin is the folder of the server's programs, psql among them.
	Bin string
}

func (c *cluster) database(name string) *Database {
	return &Database{Host: "127.0.0.1", Port: c.port, Socket: c.dir, Name: name, Bin: c.bin}
}

// Psql runs commands through psql, as many others read this database, and
// returns what it prints: only values, without alignment.
func (d *Database) Psql(t testing.TB, commands ...string) []byte {
	t.Helper()
	args := []string{"-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", d.URL("client_encoding=UTF8")}
	for _, c := range commands {
		args = append(args, "-c", c)
	}
	cmd := exec.Command(filepath.Join(d.Bin, "psql"), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("run psql %q: %v: %s", commands, err, &stderr)
	}
	return out
}

// URL returns the superuser's URL over TCP, with the given parameters, such as
// "table=invoices".
func (d *Database) URL(params ...string) string {
	return d.UserURL(User, Password, params...)
}

// UserURL is URL for another role.
func (d *Database) UserURL(user, password string, params ...string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, password),
		Host: fmt.Sprintf("%s:%d", d.Host, d.Port), Path: "/" + d.Name,
		RawQuery: strings.Join(append([]string{"sslmode=disable"}, params...), "&"),
	}
	return u.String()
}

// Conn opens a connection that is closed at the test's end.
func (d *Database) Conn(t testing.TB) *pgx.Conn {
	t.Helper()
	conn := d.connect(t)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// Exec runs SQL statements, separated by semicolons, on a connection of their
// own.
func (d *Database) Exec(t testing.TB, sql string) {
	t.Helper()
	ctx := context.Background()
	conn := d.connect(t)
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		t.Fatalf("run %q: %v", sql, err)
	}
}

func (d *Database) connect(t testing.TB) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, d.URL("client_encoding=UTF8"))
	if err != nil {
		t.Fatalf("connect to test database %s: %v", d.Name, err)
	}
	return conn
}
