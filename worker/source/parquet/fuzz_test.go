package parquet_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source"
)

// FuzzRead reads whatever bytes claim to be a file: rows or an error of the
// caller's, never a panic or a stream without an end.
func FuzzRead(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seed.parquet")
	numbers(f, path, 50, 20)
	seed, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(seed)
	f.Add(seed[:len(seed)/2])
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "fuzz.parquet")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		src := open(t, path)
		d, err := src.Describe(t.Context())
		if err != nil {
			require.True(t, recon.IsInput(err), "want an input error, got %v", err)
			return
		}
		var columns []string
		for _, c := range d.Schema.Fields() {
			columns = append(columns, c.Name)
		}
		batches, err := read(t, src, source.Scan{Columns: columns, BatchRows: 7})
		if err != nil {
			require.True(t, recon.IsInput(err), "want an input error, got %v", err)
		}
		for _, b := range batches {
			b.Release()
		}
	})
}
