package ledger

import (
	"bytes"
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

//go:embed schema.sql
var schema string

// Make makes the tables, with so many invoices, and what Truth needs.
func Make(ctx context.Context, conn *pgx.Conn, invoices int) error {
	if _, err := conn.Exec(ctx, fmt.Sprintf("SET ledger.rows = %d;\n%s", invoices, schema)); err != nil {
		return fmt.Errorf("make the ledger: %w", err)
	}
	return nil
}

// CSV is a table or a query's result as a CSV file with a header line.
func CSV(ctx context.Context, conn *pgx.Conn, table string) ([]byte, error) {
	var out bytes.Buffer
	if _, err := conn.PgConn().CopyTo(ctx, &out, fmt.Sprintf("COPY (SELECT * FROM %s) TO STDOUT (FORMAT csv, HEADER)", table)); err != nil {
		return nil, fmt.Errorf("export %s: %w", table, err)
	}
	return out.Bytes(), nil
}

// Parquet is a table's CSV file as a Parquet file of several row groups,
// written by DuckDB.
func Parquet(ctx context.Context, csv []byte) (content []byte, err error) {
	dir, err := os.MkdirTemp("", "kallad-ledger-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	from, to := filepath.Join(dir, "from.csv"), filepath.Join(dir, "to.parquet")
	if err := os.WriteFile(from, csv, 0o600); err != nil {
		return nil, err
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// One thread, so that row groups are cut as told.
	statements := fmt.Sprintf(`SET threads = 1;
CREATE TABLE t AS SELECT * REPLACE (%s) FROM read_csv('%s', header = true, all_varchar = true, parallel = false);
COPY t TO '%s' (FORMAT parquet, ROW_GROUP_SIZE 2048)`, casts(csv), from, to)
	if _, err := db.ExecContext(ctx, statements); err != nil {
		return nil, fmt.Errorf("write Parquet: %w", err)
	}
	return os.ReadFile(to)
}

// casts gives the columns of a file that are not text their types.
func casts(csv []byte) string {
	if bytes.HasPrefix(csv, []byte("invoice_id")) {
		return "issued::DATE AS issued, amount::DECIMAL(18,2) AS amount"
	}
	return "paid_on::DATE AS paid_on, paid_amount::DECIMAL(18,2) AS paid_amount"
}
