package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

// headBytes is how much Open brings along of an object: small objects then
// take one request altogether.
const headBytes = 64 << 10

// s3Object is an object held to one ETag: every request asks for it, and every
// answer is checked for it, for services that ignore the question.
type s3Object struct {
	store *S3
	at    s3Location
	info  Info
	// head is the beginning of the object; all of it, when it is small.
	head []byte
}

// Stat implements Store.
func (s *S3) Stat(ctx context.Context, uri string) (Info, error) {
	at, err := parseS3Object(uri)
	if err != nil {
		return Info{}, err
	}
	info, err := s.stat(ctx, uri, at, "")
	return info, s3Error("look at", uri, err)
}

func (s *S3) stat(ctx context.Context, uri string, at s3Location, version string) (Info, error) {
	client, err := s.connect(ctx)
	if err != nil {
		return Info{}, err
	}
	out, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &at.bucket, Key: &at.key, IfMatch: quoteETag(version)})
	if err != nil {
		return Info{}, s.whichIsMissing(ctx, client, at, err)
	}
	return s3Info(uri, aws.ToInt64(out.ContentLength), aws.ToString(out.ETag), out.LastModified), nil
}

// whichIsMissing tells a missing bucket from a missing object, which the
// answer to a HEAD request does not.
func (s *S3) whichIsMissing(ctx context.Context, client *s3.Client, at s3Location, err error) error {
	if s3Sentinel(err) != ErrNotFound {
		return err
	}
	if _, bucketErr := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &at.bucket}); s3Sentinel(bucketErr) == ErrNotFound {
		return fmt.Errorf("%w: no bucket %q", ErrNotFound, at.bucket)
	}
	return fmt.Errorf("%w: no such object in bucket %q", ErrNotFound, at.bucket)
}

func s3Info(uri string, size int64, etag string, modified *time.Time) Info {
	return Info{URI: uri, Size: size, Version: strings.Trim(etag, `"`), ModTime: aws.ToTime(modified)}
}

func quoteETag(version string) *string {
	if version == "" {
		return nil
	}
	return aws.String(`"` + version + `"`)
}

// Open implements Store. It brings the object's beginning along.
func (s *S3) Open(ctx context.Context, uri string) (Object, error) {
	at, err := parseS3Object(uri)
	if err != nil {
		return nil, err
	}
	var o *s3Object
	for attempt := 1; ; attempt++ {
		o, err = s.openWithHead(ctx, uri, at)
		if err == nil {
			return o, nil
		}
		if attempt >= s.cfg.Attempts || !errors.Is(err, errCutBody) {
			return nil, s3Error("open", uri, err)
		}
		if err := s.cfg.wait(ctx, attempt); err != nil {
			return nil, s3Error("open", uri, err)
		}
	}
}

var errCutBody = errors.New("the connection broke in the middle of the object")

func (s *S3) openWithHead(ctx context.Context, uri string, at s3Location) (*s3Object, error) {
	client, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	o := &s3Object{store: s, at: at}
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &at.bucket, Key: &at.key, Range: aws.String(fmt.Sprintf("bytes=0-%d", headBytes-1))})
	if status, _ := s3Status(err); status == http.StatusRequestedRangeNotSatisfiable {
		o.info, err = s.stat(ctx, uri, at, "") // an empty object has no first byte
		return o, err
	}
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	size := aws.ToInt64(out.ContentLength)
	if out.ContentRange != nil {
		if _, size, err = parseContentRange(*out.ContentRange); err != nil {
			return nil, err
		}
	}
	o.info = s3Info(uri, size, aws.ToString(out.ETag), out.LastModified)
	o.head = make([]byte, min(size, headBytes))
	if _, err := io.ReadFull(out.Body, o.head); err != nil {
		return nil, errors.Join(ctx.Err(), fmt.Errorf("%w: %w", errCutBody, err))
	}
	if size <= headBytes {
		return o, drained(out.Body)
	}
	return o, nil
}

// drained reads the end of a body: the SDK compares its checksum there.
func drained(body io.Reader) error {
	_, err := io.Copy(io.Discard, body)
	return err
}

// parseContentRange reads "bytes 0-9/100".
func parseContentRange(s string) (start, size int64, err error) {
	var end int64
	if _, err := fmt.Sscanf(s, "bytes %d-%d/%d", &start, &end, &size); err != nil {
		return 0, 0, fmt.Errorf("content range %q of the S3 service's answer: %w", s, err)
	}
	return start, size, nil
}

// OpenVersion implements Store.
func (s *S3) OpenVersion(ctx context.Context, uri, version string) (Object, error) {
	at, err := parseS3Object(uri)
	if err != nil {
		return nil, err
	}
	info, err := s.stat(ctx, uri, at, version)
	if err == nil && info.Version != version {
		err = ErrChanged
	}
	if err != nil {
		return nil, s3Error("open", uri, err)
	}
	return &s3Object{store: s, at: at, info: info}, nil
}

func (o *s3Object) Info() Info { return o.info }

// Close implements Object; what there is to close belongs to the readers.
func (o *s3Object) Close() error { return nil }

func (o *s3Object) ReadRange(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	end, err := rangeEnd(o.info, offset, length)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return newS3Reader(ctx, o, offset, end), nil
}

// ReadAt implements Object. Large reads are made of several ranges at once.
func (o *s3Object) ReadAt(ctx context.Context, p []byte, offset int64) (int, error) {
	end, err := rangeEnd(o.info, offset, int64(len(p)))
	if err != nil {
		return 0, err
	}
	n := int(end - offset)
	got := 0
	if offset < int64(len(o.head)) {
		got = copy(p[:n], o.head[offset:])
	}
	if err := o.readParts(ctx, p[got:n], offset+int64(got)); err != nil {
		return 0, err
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (o *s3Object) readParts(ctx context.Context, p []byte, offset int64) error {
	if len(p) == 0 {
		return ctx.Err()
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(o.store.cfg.InFlight)
	for len(p) > 0 {
		part, at := p[:min(int64(len(p)), o.store.cfg.PartBytes)], offset
		g.Go(func() error {
			stream := &s3Stream{ctx: ctx, object: o, next: at, end: at + int64(len(part))}
			defer stream.Close()
			_, err := io.ReadFull(stream, part)
			return err
		})
		p, offset = p[len(part):], offset+int64(len(part))
	}
	return g.Wait()
}
