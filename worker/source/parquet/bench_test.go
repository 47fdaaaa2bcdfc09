package parquet_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/stretchr/testify/require"

	"kallad/worker/source"
)

// benchFile is a million rows of the usual kind, written by DuckDB.
func benchFile(b *testing.B) (path string, rows int64) {
	path = filepath.Join(b.TempDir(), "bench.parquet")
	db, err := sql.Open("duckdb", "")
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	_, err = db.Exec(`COPY (SELECT i AS id, 'INV-' || printf('%010d', (i * 2654435761) % 4294967296) AS invoice,
		(i % 5000000)::DECIMAL(18,2) AS amount, DATE '2024-01-01' + (i % 700)::INTEGER AS due,
		CASE WHEN i % 3 = 0 THEN NULL ELSE 'customer ' || (i % 5000) END AS customer, ['EUR', 'USD', 'CHF'][1 + i % 3] AS currency
		FROM range(1000000) t(i)) TO '` + path + `' (FORMAT parquet)`)
	require.NoError(b, err)
	return path, 1_000_000
}

var benchScans = map[string][]string{
	"narrow": {"id", "amount"},
	"text":   {"invoice"},
	"wide":   {"id", "invoice", "amount", "due", "customer", "currency"},
}

func BenchmarkRead(b *testing.B) {
	path, rows := benchFile(b)
	for name, columns := range benchScans {
		b.Run(name, func(b *testing.B) {
			src := open(b, path)
			for b.Loop() {
				require.Equal(b, rows, countRows(b, src, source.Scan{Columns: columns}))
			}
			report(b, path, rows)
		})
	}
}

// BenchmarkPeer is DuckDB's reader over the same file, whose rows it has to
// look at, by a cheap hash, and not to hand over.
func BenchmarkPeer(b *testing.B) {
	path, rows := benchFile(b)
	db, err := sql.Open("duckdb", "")
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	_, err = db.Exec(`SET threads = 1`)
	require.NoError(b, err)
	for name, columns := range benchScans {
		query := "SELECT "
		for i, c := range columns {
			if i > 0 {
				query += ", "
			}
			query += fmt.Sprintf("bit_xor(hash(%s))", c)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := db.Exec(query + ` FROM read_parquet('` + path + `')`)
				require.NoError(b, err)
			}
			report(b, path, rows)
		})
	}
}

func report(b *testing.B, path string, rows int64) {
	fi, err := os.Stat(path)
	require.NoError(b, err)
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
	b.ReportMetric(float64(fi.Size())*float64(b.N)/b.Elapsed().Seconds()/1e6, "MB/s-of-file")
}

func countRows(b *testing.B, src source.Source, scan source.Scan) (n int64) {
	ctx := context.Background()
	parts, err := src.Split(ctx, scan, 1)
	require.NoError(b, err)
	batches, err := src.Read(ctx, scan, parts[0])
	require.NoError(b, err)
	defer func() { require.NoError(b, batches.Close()) }()
	for {
		batch, err := batches.Next(ctx)
		if errors.Is(err, io.EOF) {
			return n
		}
		require.NoError(b, err)
		n += batch.NumRows()
		batch.Release()
	}
}
