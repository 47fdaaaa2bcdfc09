package peer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	// The driver named duckdb.
	_ "github.com/duckdb/duckdb-go/v2"
)

// Counts are the rows of the three files.
type Counts struct {
	Matched        int64 `json:"matched"`
	UnmatchedLeft  int64 `json:"unmatched_left"`
	UnmatchedRight int64 `json:"unmatched_right"`
}

// Run runs the script in a DuckDB of its own, in memory and with DuckDB's own
// settings, and returns how many rows each COPY wrote.
func (j Job) Run(ctx context.Context) (_ Counts, err error) {
	var written []int64
	err = withDuckDB(ctx, func(conn *sql.Conn) error {
		for _, statement := range j.Script() {
			result, err := conn.ExecContext(ctx, statement)
			if err != nil {
				return fmt.Errorf("run %q: %w", statement, err)
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			written = append(written, n)
		}
		return nil
	})
	if err != nil {
		return Counts{}, err
	}
	n := len(written)
	return Counts{Matched: written[n-3], UnmatchedLeft: written[n-2], UnmatchedRight: written[n-1]}, nil
}

// Evidence is what the three files of a folder hold, whatever the order of
// their rows: how many rows, and a sum over the keys' hashes.
type Evidence struct {
	Counts Counts    `json:"counts"`
	Sums   [3]string `json:"sums"`
}

// Digest reads the evidence in a folder.
func Digest(ctx context.Context, dir string) (e Evidence, err error) {
	files := []struct {
		name, keys string
		count      *int64
	}{
		{MatchedFile, "left_key, right_key", &e.Counts.Matched},
		{UnmatchedLeftFile, "record_key", &e.Counts.UnmatchedLeft},
		{UnmatchedRightFile, "record_key", &e.Counts.UnmatchedRight},
	}
	err = withDuckDB(ctx, func(conn *sql.Conn) error {
		for i, f := range files {
			query := fmt.Sprintf("SELECT count(*), coalesce(sum(hash(%s)), 0)::VARCHAR FROM read_parquet(%s)", f.keys, literal(filepath.Join(dir, f.name)))
			if err := conn.QueryRowContext(ctx, query).Scan(f.count, &e.Sums[i]); err != nil {
				return fmt.Errorf("read %s: %w", f.name, err)
			}
		}
		return nil
	})
	return e, err
}

// withDuckDB runs do on one connection to a new database in memory.
func withDuckDB(ctx context.Context, do func(*sql.Conn) error) (err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return fmt.Errorf("open duckdb: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to duckdb: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return do(conn)
}

// Version is DuckDB's.
func Version(ctx context.Context) (version string, err error) {
	err = withDuckDB(ctx, func(conn *sql.Conn) error {
		return conn.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	})
	return version, err
}
