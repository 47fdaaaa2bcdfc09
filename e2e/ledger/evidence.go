package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // reads the evidence; the product writes it with other code
)

// Evidence is the answer that evidence files give. They are the content of
// matched.parquet, unmatched_left.parquet and unmatched_right.parquet.
func Evidence(ctx context.Context, p Pattern, matched, left, right []byte) (a Answer, err error) {
	dir, err := os.MkdirTemp("", "kallad-evidence-")
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	texts := []string{}
	for _, c := range p.Columns {
		texts = append(texts, c+"::text")
	}
	if a.Matched, err = parquet(ctx, db, dir, matched, "concat_ws('"+separator+"', "+strings.Join(texts, ", ")+")"); err != nil {
		return a, err
	}
	keys, err := parquet(ctx, db, dir, matched, "left_key = invoice_id AND right_key = payment_id")
	if err != nil {
		return a, err
	}
	if slices.Contains(keys, "false") {
		return a, errors.New("matched.parquet: left_key or right_key is not the row's own key")
	}
	if a.Left, err = parquet(ctx, db, dir, left, "record_key"); err != nil {
		return a, err
	}
	a.Right, err = parquet(ctx, db, dir, right, "record_key")
	return a, err
}

// parquet returns an expression's values over a file's rows, as text, in order.
func parquet(ctx context.Context, db *sql.DB, dir string, content []byte, expression string) (all []string, err error) {
	path := filepath.Join(dir, "file.parquet")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, fmt.Sprintf("SELECT (%s)::text FROM read_parquet('%s')", expression, path))
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("read evidence: %w", err)
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return all, rows.Err()
}
