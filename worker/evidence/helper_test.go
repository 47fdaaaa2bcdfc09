package evidence_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/evidence"
	"kallad/worker/recon"
)

var matchedAt = time.Date(2026, 3, 1, 12, 30, 0, 123456000, time.UTC)

// checked returns an allocator that fails the test when a batch leaks.
func checked(t testing.TB) memory.Allocator {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	return mem
}

func config(dir string, mem memory.Allocator) evidence.Config {
	return evidence.Config{RunID: "run-1", OutputPath: dir, MatchedAt: matchedAt, Allocator: mem}
}

func create(t testing.TB, cfg evidence.Config) *evidence.Set {
	set, err := evidence.Create(context.Background(), blob.NewLocal(blob.LocalConfig{}), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, set.Abort()) })
	return set
}

// fromJSON builds a batch from a JSON array with one object per row.
func fromJSON(t testing.TB, mem memory.Allocator, schema *arrow.Schema, rows string) arrow.RecordBatch {
	rec, _, err := array.RecordFromJSON(mem, schema, strings.NewReader(rows))
	require.NoError(t, err)
	return rec
}

func textSchema(names ...string) *arrow.Schema {
	fields := make([]arrow.Field, len(names))
	for i, n := range names {
		fields[i] = arrow.Field{Name: n, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	return arrow.NewSchema(fields, nil)
}

// writeAll writes recs into f, releases them and closes f.
func writeAll(t testing.TB, f *evidence.File, recs ...arrow.RecordBatch) {
	for _, rec := range recs {
		require.NoError(t, f.Write(context.Background(), rec))
		rec.Release()
	}
	require.NoError(t, f.Close(context.Background()))
}

// closeEmpty starts and closes the files that the test does not care about.
func closeEmpty(t testing.TB, set *evidence.Set, sides ...evidence.Side) {
	for _, side := range sides {
		f, err := set.Unmatched(context.Background(), side, textSchema("record_key", "id"))
		require.NoError(t, err)
		require.NoError(t, f.Close(context.Background()))
	}
}

func counts(matched, left, right int64) evidence.Metadata {
	return evidence.Metadata{Result: recon.Result{RunID: "run-1", MatchedCount: matched, UnmatchedLeftCount: left, UnmatchedRightCount: right}}
}

// ask runs a query on a fresh DuckDB and returns every value as text.
func ask(t testing.TB, query string, args ...any) [][]string {
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = db.Exec(`SET TimeZone = 'UTC'`)
	require.NoError(t, err)
	rows, err := db.Query(query, args...)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	names, err := rows.Columns()
	require.NoError(t, err)
	var out [][]string
	for rows.Next() {
		cells := make([]sql.NullString, len(names))
		targets := make([]any, len(names))
		for i := range cells {
			targets[i] = &cells[i]
		}
		require.NoError(t, rows.Scan(targets...))
		line := make([]string, len(names))
		for i, c := range cells {
			line[i] = c.String
			if !c.Valid {
				line[i] = "NULL"
			}
		}
		out = append(out, line)
	}
	require.NoError(t, rows.Err())
	return out
}

// columnOf returns the only column of ask's answer.
func columnOf(rows [][]string) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r[0]
	}
	return out
}
