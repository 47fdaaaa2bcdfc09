package evidence_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/blob/s3test"
	"kallad/worker/evidence"
	"kallad/worker/recon"
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

// TestEvidenceOnS3 has each file started and closed under a context of its
// own, which is over before Publish.
func TestEvidenceOnS3(t *testing.T) {
	t.Parallel()
	mem := checked(t)
	bucket := server.Bucket(t)
	set, err := evidence.Create(context.Background(), newS3(t, bucket), config(bucket.URI("runs/1"), mem))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, set.Abort()) })

	call, over := context.WithCancel(context.Background())
	schema := invoices("record_key", "invoice_id")
	for _, side := range []evidence.Side{evidence.Left, evidence.Right} {
		f, err := set.Unmatched(call, side, schema)
		require.NoError(t, err)
		for i := range 30 {
			rec := invoiceBatch(schema, i*8192, 8192)
			require.NoError(t, f.Write(call, rec))
			rec.Release()
		}
		require.NoError(t, f.Close(call))
	}
	over()
	require.Empty(t, bucket.Keys(t), "nothing is visible before Publish")
	publishRest(t, set, counts(0, 30*8192, 30*8192))
	require.Equal(t, []string{"runs/1/matched.parquet", "runs/1/metadata.json", "runs/1/unmatched_left.parquet", "runs/1/unmatched_right.parquet"}, bucket.Keys(t))

	path := filepath.Join(t.TempDir(), "left.parquet")
	require.NoError(t, os.WriteFile(path, bucket.Get(t, "runs/1/unmatched_left.parquet"), 0o600))
	require.Equal(t, [][]string{{"245760"}}, ask(t, `SELECT count(DISTINCT record_key) FROM read_parquet(?)`, path))
}

func TestAbortOnS3LeavesNoTrace(t *testing.T) {
	t.Parallel()
	bucket := server.Bucket(t)
	set, err := evidence.Create(context.Background(), newS3(t, bucket), config(bucket.URI("runs/1"), checked(t)))
	require.NoError(t, err)
	closeEmpty(t, set, evidence.Left, evidence.Right)
	require.NoError(t, set.Abort())
	require.Empty(t, bucket.Keys(t))
}

func TestCreateFailsAtOnceWithoutABucket(t *testing.T) {
	t.Parallel()
	_, err := evidence.Create(context.Background(), newS3(t, server.Bucket(t)), config("s3://no-such-bucket/runs/1", nil))
	require.ErrorIs(t, err, blob.ErrNotFound)
	require.True(t, recon.IsInput(err))
}
