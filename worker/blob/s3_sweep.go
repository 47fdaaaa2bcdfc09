package blob

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// clockSkew is how far the service's clock may be from ours: more, and it
// takes no request. It widens the time only backwards: what was begun since may
// well have a writer.
const clockSkew = 15 * time.Minute

// Sweep implements Store: it has the service forget the parts of uploads to
// this very key. Nobody can tell an upload whose writer was killed from one
// that another process goes on with; the time alone keeps them apart.
func (s *S3) Sweep(ctx context.Context, uri string, from, until time.Time) error {
	at, err := parseS3Object(uri)
	if err != nil {
		return err
	}
	client, err := s.connect(ctx)
	if err != nil {
		return s3Error("clear away unfinished uploads of", uri, err)
	}
	var errs []error
	pages := s3.NewListMultipartUploadsPaginator(client, &s3.ListMultipartUploadsInput{Bucket: &at.bucket, Prefix: &at.key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			errs = append(errs, err)
			break
		}
		for _, u := range page.Uploads {
			begun := aws.ToTime(u.Initiated)
			if aws.ToString(u.Key) != at.key || begun.Before(from.Add(-clockSkew)) || begun.After(until) {
				continue
			}
			_, err := client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &at.bucket, Key: &at.key, UploadId: u.UploadId})
			if err != nil && s3Code(err) != "NoSuchUpload" {
				errs = append(errs, err)
			}
		}
	}
	return s3Error("clear away unfinished uploads of", uri, errors.Join(errs...))
}
