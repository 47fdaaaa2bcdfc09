package engine

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// made are the tables and views that statements made, with what drops them.
const made = `SELECT 'TABLE', database_name, schema_name, table_name FROM duckdb_tables() WHERE NOT internal
	UNION ALL SELECT 'VIEW', database_name, schema_name, view_name FROM duckdb_views() WHERE NOT internal`

// mostLeft is what an empty session may hold. Unit: bytes.
const mostLeft = 4 << 20

// Clear drops the tables and views that were made in the session, so that it is
// as one that was just opened, if nothing else was made there: settings cannot
// be changed, and what else a statement can make is for whoever ran it to know.
// No statement may run, and every Stream must be closed.
func (s *Session) Clear(ctx context.Context) error {
	drops, err := s.drops(ctx)
	if err != nil {
		return fmt.Errorf("clear a session: %w", err)
	}
	for _, sql := range drops {
		if err := s.Exec(ctx, sql); err != nil {
			return fmt.Errorf("clear a session: %w", err)
		}
	}
	left, err := s.Int64(ctx, "SELECT (SELECT count(*) FROM ("+made+")), (SELECT CAST(sum(memory_usage_bytes + temporary_storage_bytes) AS BIGINT) FROM duckdb_memory())")
	if err == nil && (left[0] > 0 || left[1] > mostLeft) {
		err = fmt.Errorf("%d tables and views and %d bytes are left", left[0], left[1])
	}
	if err != nil {
		return fmt.Errorf("clear a session: %w", err)
	}
	return nil
}

// drops are the statements that drop what was made.
func (s *Session) drops(ctx context.Context) ([]string, error) {
	rows, err := s.Query(ctx, made)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		text := func(column, row int) string { return batch.Column(column).(*array.String).Value(row) }
		for i := range int(batch.NumRows()) {
			out = append(out, fmt.Sprintf("DROP %s %s.%s.%s", text(0, i), Quote(text(1, i)), Quote(text(2, i)), Quote(text(3, i))))
		}
		batch.Release()
	}
}
