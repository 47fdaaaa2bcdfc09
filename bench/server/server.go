// Package server runs a Postgres of its own for a benchmark: a fresh cluster
// in a temporary folder, reached over its unix socket, gone when it is
// stopped.
//
// It must not know what is measured.
package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kallad/bench/process"
)

// Server is a running Postgres.
type Server struct {
	bin, dir string
}

// Settings are the lines of postgresql.conf that differ from Postgres's
// defaults: memory as for a machine that does little else, and no durability,
// which no reader notices.
func Settings() []string {
	return []string{
		"shared_buffers=2GB", "work_mem=256MB", "maintenance_work_mem=512MB", "max_wal_size=16GB",
		"wal_level=minimal", "max_wal_senders=0", "fsync=off", "autovacuum=off",
	}
}

const (
	role     = "kallad"
	database = "postgres"
)

// Start makes a cluster and starts it. Whoever calls it calls Stop.
func Start(ctx context.Context) (*Server, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	// A short path, which a unix socket needs, that the server's user may enter.
	dir, err := os.MkdirTemp("/tmp", "kallad-bench-pg-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for postgres: %w", err)
	}
	s := &Server{bin: bin, dir: dir}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start postgres: %w", err), os.RemoveAll(dir))
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	if err := own(s.dir); err != nil {
		return err
	}
	if err := s.run(ctx, "initdb", "-D", s.data(), "-U", role, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"); err != nil {
		return err
	}
	options := []string{"-c", "listen_addresses=''", "-c", "unix_socket_directories='" + s.dir + "'"}
	for _, setting := range Settings() {
		options = append(options, "-c", setting)
	}
	return s.run(ctx, "pg_ctl", "-D", s.data(), "-w", "-l", filepath.Join(s.dir, "log"), "-o", strings.Join(options, " "), "start")
}

// stopTimeout bounds the end of a server; nothing of it is kept.
const stopTimeout = 30 * time.Second

// Stop ends the server and removes its files.
func (s *Server) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return errors.Join(s.run(ctx, "pg_ctl", "-D", s.data(), "-w", "-m", "immediate", "stop"), os.RemoveAll(s.dir))
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// run runs one of Postgres's programs as the server's user. Its output goes to
// a file: a started server keeps it open.
func (s *Server) run(ctx context.Context, program string, args ...string) error {
	logPath := filepath.Join(s.dir, program+".log")
	log, err := os.Create(logPath)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, program), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	unprivileged(cmd)
	if err := errors.Join(cmd.Run(), log.Close()); err != nil {
		said, _ := os.ReadFile(logPath)
		return fmt.Errorf("run %s: %w: %s", program, err, said)
	}
	return nil
}

// URL is the address of the database, with the given parameters, such as
// "table=invoices".
func (s *Server) URL(params ...string) string {
	query := append([]string{"host=" + url.QueryEscape(s.dir)}, params...)
	return "postgres://" + role + "@/" + database + "?" + strings.Join(query, "&")
}

// Psql is the command that runs statements and prints their rows, columns
// separated by |, and nothing else.
func (s *Server) Psql(statements ...string) []string {
	argv := []string{filepath.Join(s.bin, "psql"), "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", s.URL()}
	for _, statement := range statements {
		argv = append(argv, "-c", statement)
	}
	return argv
}

// Exec runs statements, or psql's own commands, and returns their rows.
func (s *Server) Exec(ctx context.Context, statements ...string) (string, error) {
	said, err := process.Run(ctx, s.dir, s.Psql(statements...)...)
	return strings.TrimSpace(string(said.Stdout)), err
}

// findBinaries returns the folder of initdb: that of PATH, else the newest of
// the places where Debian, Red Hat and Homebrew put it.
func findBinaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	var found []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin/initdb", "/usr/pgsql-*/bin/initdb",
		"/opt/homebrew/opt/postgresql@*/bin/initdb", "/usr/local/opt/postgresql@*/bin/initdb",
	} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		found = append(found, matches...)
	}
	if len(found) == 0 {
		return "", errors.New("no Postgres on this machine; get one with: apt-get install postgresql")
	}
	// Versions of two digits sort as text.
	return filepath.Dir(slices.Max(found)), nil
}
