package blob

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// S3's limits for an upload in parts.
const (
	maxParts   = 10_000
	growEvery  = 1_000
	cleanUpMax = 30 * time.Second
	beginGrace = 500 * time.Millisecond
)

// s3Writer gathers bytes into parts and uploads them beside the writing. An
// object that fits into one part is one request at Commit.
//
// Parts double in size every thousand, so that small objects take little
// memory and ten thousand parts hold more than S3's largest object.
type s3Writer struct {
	store *S3
	uri   string
	at    s3Location

	ctx    context.Context // ends the uploads
	cancel context.CancelFunc
	group  *errgroup.Group

	buf      []byte
	number   int32 // of the part in buf, from 1
	size     int64
	uploadID string
	prepared bool
	done     bool

	mu    sync.Mutex
	parts []types.CompletedPart
}

// Create implements Store. The end of ctx ends the uploads of this writer too.
func (s *S3) Create(ctx context.Context, uri string) (Writer, error) {
	at, err := parseS3Object(uri)
	if err != nil {
		return nil, err
	}
	client, err := s.connect(ctx)
	if err != nil {
		return nil, s3Error("create", uri, err)
	}
	// Without this look, a bucket that is not there shows only when the first
	// part is full. Whoever may write but not look is let through.
	if _, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &at.bucket}); s3Sentinel(err) == ErrNotFound {
		return nil, fmt.Errorf("create %q: %w: no bucket %q", uri, ErrNotFound, at.bucket)
	}
	w := &s3Writer{store: s, uri: uri, at: at, number: 1}
	ctx, w.cancel = context.WithCancel(ctx)
	w.group, w.ctx = errgroup.WithContext(ctx)
	w.group.SetLimit(s.cfg.InFlight)
	return w, nil
}

// partSize is the size of an upload's part with a number, from 1, when its
// first is of size first.
func partSize(first int64, number int32) int64 {
	return first << ((number - 1) / growEvery)
}

func (w *s3Writer) Write(p []byte) (int, error) {
	if w.done || w.prepared {
		return 0, fmt.Errorf("write %q: %w", w.uri, os.ErrClosed)
	}
	written := 0
	for len(p) > 0 {
		full := partSize(w.store.cfg.PartBytes, w.number)
		if int64(len(w.buf)) == full {
			if err := w.send(); err != nil {
				return written, s3Error("write", w.uri, err)
			}
			continue
		}
		n := min(int64(len(p)), full-int64(len(w.buf)))
		w.buf = append(w.grown(int(n), int(full)), p[:n]...)
		p = p[n:]
		written += int(n)
		w.size += n
	}
	return written, nil
}

// grown returns the buffer with room for n more: by doubling in the first part,
// which may be all there is, and whole after it.
func (w *s3Writer) grown(n, full int) []byte {
	switch {
	case len(w.buf)+n <= cap(w.buf):
		return w.buf
	case w.number > 1 && int64(full) == w.store.cfg.PartBytes:
		return (*w.store.parts.Get().(*[]byte))[:0]
	case w.number > 1:
		return make([]byte, 0, full)
	}
	bigger := make([]byte, len(w.buf), min(max(2*cap(w.buf), len(w.buf)+n, 64<<10), full))
	copy(bigger, w.buf)
	return bigger
}

// send uploads the part in the buffer beside the writing. It waits while as
// many as allowed are in flight, and reports what went wrong with any.
func (w *s3Writer) send() error {
	if err := w.begin(); err != nil {
		return err
	}
	if w.number > maxParts {
		return fmt.Errorf("larger than S3 takes, %d bytes", w.size)
	}
	if w.ctx.Err() != nil {
		return w.group.Wait() // the first part's fault that ended it
	}
	body, number := w.buf, w.number
	w.buf = nil
	w.number++
	w.group.Go(func() error { return w.upload(number, body) })
	return nil
}

// begin opens the upload. A cancel gives it a moment to end, or it might leave
// behind an upload whose name nobody knows.
func (w *s3Writer) begin() error {
	if w.uploadID != "" {
		return nil
	}
	if err := w.ctx.Err(); err != nil {
		return err
	}
	client, err := w.store.connect(w.ctx)
	if err != nil {
		return err
	}
	ctx, cancel := withGrace(w.ctx, beginGrace)
	defer cancel()
	out, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &w.at.bucket, Key: &w.at.key})
	if err != nil {
		return err
	}
	w.uploadID = aws.ToString(out.UploadId)
	return nil
}

// withGrace returns a context that ends a while after its parent.
func withGrace(parent context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() {
		stop()
		cancel()
	}
}

func (w *s3Writer) upload(number int32, body []byte) error {
	client, err := w.store.connect(w.ctx)
	if err != nil {
		return err
	}
	out, err := client.UploadPart(w.ctx, &s3.UploadPartInput{
		Bucket: &w.at.bucket, Key: &w.at.key, UploadId: &w.uploadID,
		PartNumber: &number, Body: bytes.NewReader(body),
	})
	if err != nil {
		return err
	}
	if int64(cap(body)) == w.store.cfg.PartBytes {
		body = body[:cap(body)]
		w.store.parts.Put(&body)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.parts) < int(number) {
		w.parts = append(w.parts, types.CompletedPart{})
	}
	w.parts[number-1] = types.CompletedPart{
		PartNumber: &number, ETag: out.ETag,
		ChecksumCRC32: out.ChecksumCRC32, ChecksumCRC32C: out.ChecksumCRC32C, ChecksumCRC64NVME: out.ChecksumCRC64NVME,
		ChecksumSHA1: out.ChecksumSHA1, ChecksumSHA256: out.ChecksumSHA256,
	}
	return nil
}

// Commit makes the object visible. When it fails, nothing is left.
func (w *s3Writer) Commit(ctx context.Context) error { return commit(ctx, w) }

// Prepare implements Writer: it uploads the last part and waits for all. An
// object of one part is uploaded when the change is applied.
func (w *s3Writer) Prepare(ctx context.Context) (Change, error) {
	if w.done || w.prepared {
		return nil, fmt.Errorf("commit %q: %w", w.uri, os.ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.prepared = true
	if w.uploadID == "" {
		return &s3Change{s3Writer: w}, nil
	}
	if len(w.buf) > 0 {
		if err := w.send(); err != nil {
			return nil, s3Error("commit", w.uri, err)
		}
	}
	if err := w.group.Wait(); err != nil {
		return nil, s3Error("commit", w.uri, err)
	}
	return &s3Change{s3Writer: w}, nil
}

// published reports whether the object that is there is this one, by its size
// and by S3's way of making an ETag from those of the parts.
func (w *s3Writer) published(ctx context.Context) bool {
	info, err := w.store.stat(ctx, w.uri, w.at, "")
	if err != nil || info.Size != w.size {
		return false
	}
	sum := md5.New()
	for _, p := range w.parts {
		raw, err := hex.DecodeString(strings.Trim(aws.ToString(p.ETag), `"`))
		if err != nil {
			return false
		}
		sum.Write(raw)
	}
	return info.Version == fmt.Sprintf("%x-%d", sum.Sum(nil), len(w.parts))
}

// Abort stops the uploads, waits for them, and has the service forget the
// parts.
func (w *s3Writer) Abort() error {
	if w.done {
		return nil
	}
	w.done = true
	w.cancel()
	_ = w.group.Wait() // what is thrown away may have failed
	w.buf = nil
	if w.uploadID == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), cleanUpMax)
	defer cancel()
	client, err := w.store.connect(ctx)
	if err != nil {
		return s3Error("abort", w.uri, err)
	}
	_, err = client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &w.at.bucket, Key: &w.at.key, UploadId: &w.uploadID})
	if s3Code(err) == "NoSuchUpload" {
		return nil
	}
	return s3Error("abort", w.uri, err)
}
