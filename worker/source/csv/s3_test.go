package csv_test

import (
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/blob/s3test"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/csv"
	"kallad/worker/source/sourcetest"
)

var server = s3test.New()

func TestMain(m *testing.M) { os.Exit(server.Run(m)) }

func newS3(t testing.TB, bucket *s3test.Bucket) *blob.S3 {
	t.Helper()
	s, err := blob.NewS3(blob.S3Config{
		Region: "us-east-1", EndpointURL: bucket.Endpoint, AllowHTTP: true, Credentials: s3test.Credentials(),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// TestConformanceS3 runs the suite over objects on a real S3 server.
func TestConformanceS3(t *testing.T) {
	bucket := server.Bucket(t)
	sourcetest.Run(t, sourcetest.Subject{
		Store: func(t *testing.T, rows arrow.RecordBatch) recon.URI {
			key, params := "full.csv", "?header=true"
			if rows.NumRows() == 0 {
				key, params = "empty.csv", "?header=true&"+conformanceTypes
			}
			bucket.Put(t, key, csvText(rows, "\n"))
			return recon.URI(bucket.URI(key) + params)
		},
		Opener: func(t *testing.T, mem memory.Allocator) source.Opener {
			return csv.New(newS3(t, bucket), csv.Config{Allocator: mem, MinPartitionBytes: 4096, BlockBytes: 4096})
		},
		Secrets: []string{s3test.AccessKey, s3test.SecretKey},
	})
}

// TestS3Folder reads a folder of objects.
func TestS3Folder(t *testing.T) {
	bucket := server.Bucket(t)
	for _, key := range []string{"in/1.csv", "in/2.csv", "in/deep/3.csv"} {
		bucket.Put(t, key, []byte("id,v\n"+strings.Repeat("1,x\n", 1000)))
	}
	got, err := readTable(newS3(t, bucket), csv.Config{MinPartitionBytes: 1}, bucket.URI("in/"), 5)
	require.NoError(t, err)
	require.Len(t, got.rows, 3000)
}
