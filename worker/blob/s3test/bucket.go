package s3test

import (
	"bytes"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Bucket is a bucket on a server, looked at past the code under test.
type Bucket struct {
	Name string
	// Endpoint is the server's address, such as http://127.0.0.1:9000.
	Endpoint string
	client   *s3.Client
}

// URI is the address of a key.
func (b *Bucket) URI(key string) string { return "s3://" + b.Name + "/" + key }

// KeepVersions has the bucket keep what is replaced or deleted.
func (b *Bucket) KeepVersions(t testing.TB) {
	t.Helper()
	_, err := b.client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &b.Name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatalf("keep versions in bucket %s: %v", b.Name, err)
	}
}

// Put writes an object.
func (b *Bucket) Put(t testing.TB, key string, content []byte) {
	t.Helper()
	if _, err := b.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b.Name, Key: &key, Body: bytes.NewReader(content)}); err != nil {
		t.Fatalf("put %s: %v", b.URI(key), err)
	}
}

// Get reads an object.
func (b *Bucket) Get(t testing.TB, key string) []byte {
	t.Helper()
	out, err := b.client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b.Name, Key: &key})
	if err != nil {
		t.Fatalf("get %s: %v", b.URI(key), err)
	}
	defer func() { _ = out.Body.Close() }()
	content, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatalf("get %s: %v", b.URI(key), err)
	}
	return content
}

// Keys lists the objects, sorted.
func (b *Bucket) Keys(t testing.TB) []string {
	t.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatalf("list bucket %s: %v", b.Name, err)
		}
		for _, o := range page.Contents {
			keys = append(keys, aws.ToString(o.Key))
		}
	}
	return keys
}

// Uploads counts the uploads in parts of a key that are neither completed nor
// aborted.
func (b *Bucket) Uploads(t testing.TB, key string) int {
	t.Helper()
	// MinIO lists the uploads of a whole key only.
	out, err := b.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &b.Name, Prefix: &key})
	if err != nil {
		t.Fatalf("list uploads of bucket %s: %v", b.Name, err)
	}
	return len(out.Uploads)
}
