package parquet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/parquet"
	"kallad/worker/source/sourcetest"
)

var local = blob.NewLocal(blob.LocalConfig{})

// write puts recs into a Parquet file, each cut into row groups of the given
// size.
func write(t testing.TB, path string, groupRows int64, recs ...arrow.RecordBatch) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	props := pq.NewWriterProperties(pq.WithMaxRowGroupLength(groupRows), pq.WithStoreDecimalAsInteger(true))
	w, err := pqarrow.NewFileWriter(recs[0].Schema(), f, props, pqarrow.DefaultWriterProps())
	require.NoError(t, err)
	for _, rec := range recs {
		if rec.NumRows() > 0 {
			require.NoError(t, w.Write(rec))
		}
	}
	require.NoError(t, w.Close())
}

func conform(t *testing.T, cfg parquet.Config, store func(t *testing.T, rows arrow.RecordBatch) recon.URI) {
	t.Helper()
	sourcetest.Run(t, sourcetest.Subject{
		Store: store,
		Opener: func(_ *testing.T, mem memory.Allocator) source.Opener {
			cfg.Allocator = mem
			return parquet.New(local, cfg)
		},
	})
}

func TestConformance(t *testing.T) {
	conform(t, parquet.Config{}, func(t *testing.T, rows arrow.RecordBatch) recon.URI {
		path := filepath.Join(t.TempDir(), "rows.parquet")
		write(t, path, 17, rows)
		return recon.URI(path)
	})
}

// TestConformanceOfOneRowGroup cannot split, and shortens its batches by size.
func TestConformanceOfOneRowGroup(t *testing.T) {
	conform(t, parquet.Config{BatchBytes: 500}, func(t *testing.T, rows arrow.RecordBatch) recon.URI {
		path := filepath.Join(t.TempDir(), "rows.bin")
		write(t, path, 1<<20, rows)
		return recon.URI("file://" + path + "?format=parquet")
	})
}

// TestConformanceOfAFolder has the rows in many files, some without any.
func TestConformanceOfAFolder(t *testing.T) {
	conform(t, parquet.Config{}, func(t *testing.T, rows arrow.RecordBatch) recon.URI {
		dir := t.TempDir()
		for i := range int64(10) {
			n := rows.NumRows()
			part := rows.NewSlice(n*i/10, n*(i+1)/10)
			write(t, filepath.Join(dir, fmt.Sprintf("part-%d.parquet", i)), 64, part)
			part.Release()
			none := rows.NewSlice(0, 0)
			write(t, filepath.Join(dir, fmt.Sprintf("part-%d-empty.parquet", i)), 64, none)
			none.Release()
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "_SUCCESS"), nil, 0o600))
		return recon.URI(dir + "/?format=parquet")
	})
}

// open opens a source that the test's end closes.
func open(t testing.TB, uri string) source.Source {
	t.Helper()
	src, err := parquet.New(local, parquet.Config{}).Open(context.Background(), recon.URI(uri))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

// read returns all batches of a scan, split into two partitions.
func read(t testing.TB, src source.Source, scan source.Scan) ([]arrow.RecordBatch, error) {
	t.Helper()
	ctx := context.Background()
	parts, err := src.Split(ctx, scan, 2)
	if err != nil {
		return nil, err
	}
	var out []arrow.RecordBatch
	for _, p := range parts {
		batches, err := src.Read(ctx, scan, p)
		if err != nil {
			return nil, err
		}
		defer func() { require.NoError(t, batches.Close()) }()
		for {
			batch, err := batches.Next(ctx)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			out = append(out, batch)
		}
	}
	return out, nil
}
