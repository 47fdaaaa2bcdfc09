package blob

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// s3Stream reads [next, end) of an object by one request. When its connection
// breaks, it asks again for the bytes that are missing; the SDK itself tries
// again what fails before the first byte.
type s3Stream struct {
	ctx       context.Context
	object    *s3Object
	next, end int64

	body     io.ReadCloser
	failures int // since the last byte
}

func (s *s3Stream) Read(p []byte) (int, error) {
	for s.next < s.end {
		if s.body == nil {
			if err := s.open(); err != nil {
				return 0, s3Error("read", s.object.info.URI, err)
			}
		}
		n, err := s.body.Read(p[:min(int64(len(p)), s.end-s.next)])
		s.next += int64(n)
		if n > 0 {
			s.failures = 0
		}
		if s.next == s.end {
			return n, s.finish()
		}
		if err != nil {
			if err := s.broke(err); err != nil {
				return n, err
			}
		}
		if n > 0 || len(p) == 0 {
			return n, nil
		}
	}
	return 0, io.EOF
}

// finish reads to the answer's end, where the SDK compares checksums.
func (s *s3Stream) finish() error {
	err := drained(s.body)
	if err != nil && s.ctx.Err() != nil {
		err = s.ctx.Err()
	}
	return s3Error("read", s.object.info.URI, errors.Join(err, s.Close()))
}

// broke gives up after too many failures in a row, or waits for the next try.
func (s *s3Stream) broke(cause error) error {
	_ = s.Close() // the connection is broken already
	if err := s.ctx.Err(); err != nil {
		return s3Error("read", s.object.info.URI, err)
	}
	s.failures++
	cfg := s.object.store.cfg
	if s.failures >= cfg.Attempts {
		return s3Error("read", s.object.info.URI, fmt.Errorf("%w at byte %d, %d times: %w", errCutBody, s.next, s.failures, cause))
	}
	return s3Error("read", s.object.info.URI, cfg.wait(s.ctx, s.failures))
}

func (s *s3Stream) open() error {
	client, err := s.object.store.connect(s.ctx)
	if err != nil {
		return err
	}
	out, err := client.GetObject(s.ctx, &s3.GetObjectInput{
		Bucket: &s.object.at.bucket, Key: &s.object.at.key,
		Range:   aws.String(fmt.Sprintf("bytes=%d-%d", s.next, s.end-1)),
		IfMatch: quoteETag(s.object.info.Version),
	})
	if err != nil {
		return err
	}
	if err := s.check(out); err != nil {
		return errors.Join(err, out.Body.Close())
	}
	s.body = out.Body
	return nil
}

// check holds the answer to the version and to the range that was asked for.
func (s *s3Stream) check(out *s3.GetObjectOutput) error {
	got := s3Info("", 0, aws.ToString(out.ETag), out.LastModified)
	if got.Version != s.object.info.Version {
		return ErrChanged
	}
	start, size := int64(0), aws.ToInt64(out.ContentLength)
	if out.ContentRange != nil {
		var err error
		if start, size, err = parseContentRange(*out.ContentRange); err != nil {
			return err
		}
	}
	if size != s.object.info.Size {
		return ErrChanged
	}
	if start != s.next {
		return fmt.Errorf("the S3 service answered with the bytes from %d on, not from %d", start, s.next)
	}
	return nil
}

func (s *s3Stream) Close() error {
	if s.body == nil {
		return nil
	}
	body := s.body
	s.body = nil
	return body.Close()
}
