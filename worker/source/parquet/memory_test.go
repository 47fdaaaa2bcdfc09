package parquet_test

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/source"
)

// TestMemoryIsAFewBatches reads a file and one ten times as large: what is
// held along the way must not grow with the file.
func TestMemoryIsAFewBatches(t *testing.T) {
	dir := t.TempDir()
	peak := func(rows int) uint64 {
		path := filepath.Join(dir, "rows.parquet")
		numbers(t, path, rows, 20_000)
		src := open(t, path)
		scan := source.Scan{Columns: []string{"id", "text"}}
		parts, err := src.Split(context.Background(), scan, 1)
		require.NoError(t, err)
		batches, err := src.Read(context.Background(), scan, parts[0])
		require.NoError(t, err)
		defer func() { require.NoError(t, batches.Close()) }()
		var most uint64
		for read := 0; read < rows; {
			batch, err := batches.Next(context.Background())
			require.NoError(t, err)
			read += int(batch.NumRows())
			batch.Release()
			if read%20_000 == 0 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
		return most
	}
	small, large := peak(60_000), peak(600_000)
	require.Less(t, large, small+(4<<20), "heap with ten times the rows")
}
