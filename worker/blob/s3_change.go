package blob

import (
	"bytes"
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// s3Change publishes an object. In a bucket that keeps versions it can be taken
// back by deleting the version, or the mark of deletion, that it made.
type s3Change struct {
	*s3Writer
	applied bool
	// version is that of the published object, marker that of the mark which
	// Clear left; both empty where no versions are kept.
	version, marker string
}

// Clear implements Change. Who may write but not delete keeps the old object
// until the new one replaces it.
func (c *s3Change) Clear(ctx context.Context) error {
	client, err := c.store.connect(ctx)
	if err != nil {
		return s3Error("replace", c.uri, err)
	}
	_, err = client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &c.at.bucket, Key: &c.at.key})
	if s3Sentinel(err) == ErrNotFound {
		return nil
	}
	out, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &c.at.bucket, Key: &c.at.key})
	if s3Sentinel(err) == ErrPermission {
		return nil
	}
	if err != nil {
		return s3Error("replace", c.uri, err)
	}
	if aws.ToBool(out.DeleteMarker) {
		c.marker = aws.ToString(out.VersionId)
	}
	return nil
}

// Apply implements Change.
func (c *s3Change) Apply(ctx context.Context) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.uploadID == "" {
		err = c.put(ctx)
	} else {
		err = c.complete(ctx)
	}
	c.applied = err == nil
	return s3Error("commit", c.uri, err)
}

func (c *s3Change) put(ctx context.Context) error {
	client, err := c.store.connect(ctx)
	if err != nil {
		return err
	}
	if err := c.ctx.Err(); err != nil {
		return err
	}
	out, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &c.at.bucket, Key: &c.at.key, Body: bytes.NewReader(c.buf)})
	c.buf = nil
	if err == nil {
		c.version = aws.ToString(out.VersionId)
	}
	return err
}

func (c *s3Change) complete(ctx context.Context) error {
	client, err := c.store.connect(ctx)
	if err != nil {
		return err
	}
	out, err := client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &c.at.bucket, Key: &c.at.key, UploadId: &c.uploadID,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: c.parts},
	})
	if s3Code(err) == "NoSuchUpload" && c.published(ctx) {
		return nil // an earlier attempt got through, its answer did not
	}
	if err == nil {
		c.version = aws.ToString(out.VersionId)
	}
	return err
}

// Undo implements Change. The newest goes first: on a version below it, a
// deletion would not show.
func (c *s3Change) Undo(ctx context.Context) error {
	if c.done {
		return nil
	}
	var errs []error
	if c.applied {
		errs = append(errs, c.remove(ctx, c.version))
		c.end()
	} else {
		errs = append(errs, c.Abort())
	}
	if c.marker != "" {
		errs = append(errs, c.remove(ctx, c.marker))
	}
	return s3Error("take back", c.uri, errors.Join(errs...))
}

func (c *s3Change) remove(ctx context.Context, version string) error {
	client, err := c.store.connect(ctx)
	if err != nil {
		return err
	}
	in := &s3.DeleteObjectInput{Bucket: &c.at.bucket, Key: &c.at.key}
	if version != "" {
		in.VersionId = &version
	}
	_, err = client.DeleteObject(ctx, in)
	return err
}

// Settle implements Change.
func (c *s3Change) Settle() { c.end() }

func (c *s3Change) end() {
	c.done = true
	c.cancel()
}
