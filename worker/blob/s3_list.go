package blob

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// List implements Store, with the same globs as for local files. A key that
// exists as it is written wins over its reading as a glob.
func (s *S3) List(ctx context.Context, uri string) ([]Info, error) {
	at, err := parseS3(uri)
	if err != nil {
		return nil, err
	}
	if at.key != "" && !strings.HasSuffix(uri, "/") {
		info, err := s.Stat(ctx, uri)
		// Who may list but not read gets no sensible answer to a key that is a glob.
		if err == nil || !IsGlob(uri) || (!errors.Is(err, ErrNotFound) && !errors.Is(err, ErrPermission)) {
			return single(info, err)
		}
	}
	pattern := at.key
	if pattern == "" || strings.HasSuffix(pattern, "/") {
		pattern += "**"
	}
	if err := checkGlob(uri, pattern); err != nil {
		return nil, err
	}
	infos, err := s.find(ctx, at.bucket, pattern)
	if err != nil {
		return nil, s3Error("list", uri, err)
	}
	if len(infos) == 0 {
		return nil, fmt.Errorf("list %q: no object there: %w", uri, ErrNotFound)
	}
	return infos, nil
}

// find returns the objects of a bucket that match, sorted by URI.
func (s *S3) find(ctx context.Context, bucket, pattern string) ([]Info, error) {
	client, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	prefix := pattern
	if i := strings.IndexAny(pattern, `*?[\`); i >= 0 {
		prefix = pattern[:i]
	}
	var infos []Info
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			key := aws.ToString(o.Key)
			if strings.HasSuffix(key, "/") {
				continue // a marker that some tools leave for a folder
			}
			ok, err := matchGlob(pattern, key)
			if err != nil {
				return nil, err
			}
			if ok {
				infos = append(infos, s3Info(s3Scheme+bucket+"/"+key, aws.ToInt64(o.Size), aws.ToString(o.ETag), o.LastModified))
			}
		}
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].URI < infos[j].URI })
	return infos, nil
}
