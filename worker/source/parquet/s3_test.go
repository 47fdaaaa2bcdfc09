package parquet_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/blob/s3test"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/parquet"
	"kallad/worker/source/sourcetest"
)

var server = s3test.New()

func TestMain(m *testing.M) { os.Exit(server.Run(m)) }

func newS3(t testing.TB, bucket *s3test.Bucket) *blob.S3 {
	t.Helper()
	s, err := blob.NewS3(blob.S3Config{Region: "us-east-1", EndpointURL: bucket.Endpoint, AllowHTTP: true, Credentials: s3test.Credentials()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// put copies a local file into the bucket.
func put(t testing.TB, bucket *s3test.Bucket, key, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	bucket.Put(t, key, content)
}

// TestConformanceS3 runs the suite over objects on a real S3 server: row
// groups at once, and columns in windows.
func TestConformanceS3(t *testing.T) {
	for name, cfg := range map[string]parquet.Config{"at once": {}, "in windows": {ReadAheadBytes: 1}} {
		t.Run(name, func(t *testing.T) {
			bucket := server.Bucket(t)
			sourcetest.Run(t, sourcetest.Subject{
				Store: func(t *testing.T, rows arrow.RecordBatch) recon.URI {
					key := fmt.Sprintf("%d.parquet", rows.NumRows())
					path := filepath.Join(t.TempDir(), key)
					write(t, path, 40, rows)
					put(t, bucket, key, path)
					return recon.URI(bucket.URI(key))
				},
				Opener: func(t *testing.T, mem memory.Allocator) source.Opener {
					cfg.Allocator = mem
					return parquet.New(newS3(t, bucket), cfg)
				},
				Secrets: []string{s3test.AccessKey, s3test.SecretKey},
			})
		})
	}
}

func TestAnObjectThatIsReplaced(t *testing.T) {
	bucket := server.Bucket(t)
	path := filepath.Join(t.TempDir(), "a.parquet")
	numbers(t, path, 1000, 100)
	put(t, bucket, "a.parquet", path)
	src, err := parquet.New(newS3(t, bucket), parquet.Config{}).Open(context.Background(), recon.URI(bucket.URI("a.parquet")))
	require.NoError(t, err)
	defer func() { require.NoError(t, src.Close()) }()
	scan := source.Scan{Columns: []string{"id"}}
	parts, err := src.Split(context.Background(), scan, 1)
	require.NoError(t, err)
	batches, err := src.Read(context.Background(), scan, parts[0])
	require.NoError(t, err)
	defer func() { require.NoError(t, batches.Close()) }()
	first, err := batches.Next(context.Background())
	require.NoError(t, err)
	first.Release()

	numbers(t, path, 1001, 100)
	put(t, bucket, "a.parquet", path)
	for err == nil {
		var next arrow.RecordBatch
		if next, err = batches.Next(context.Background()); err == nil {
			next.Release()
		}
	}
	require.ErrorIs(t, err, blob.ErrChanged)
	require.True(t, recon.IsInput(err))
}
