package blob

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"golang.org/x/sync/semaphore"
)

// S3Config says how to reach an S3 service. Its zero value is Amazon's own,
// with the usual chain of environment, profiles and roles.
type S3Config struct {
	// Region of the buckets. Default: what the usual chain says, else us-east-1.
	Region string
	// EndpointURL is the address of another service that speaks S3, such as
	// https://minio:9000; buckets are then named in the path. Default: what
	// the usual chain says, else Amazon's.
	EndpointURL string
	// AllowHTTP lets an endpoint be http://, where data and the signatures of
	// requests travel in the open.
	AllowHTTP bool
	// Credentials replace the usual chain. Default: nil, the chain.
	Credentials aws.CredentialsProvider

	// PartBytes is the size of one ranged read and of the first parts of an
	// upload, unit: bytes, at least 5 MiB. Default: 8 MiB.
	PartBytes int64
	// InFlight is how many parts one reader or one writer moves at once.
	// Default: 4.
	InFlight int
	// ReadAheadBytes bounds what all readers together hold that was not asked
	// for yet, unit: bytes. A reader without a share reads on without reading
	// ahead. Default: 128 MiB.
	ReadAheadBytes int64
	// Attempts bounds how often a request is made that keeps failing without
	// any progress. Default: 6.
	Attempts int
	// MaxBackoff is the longest wait between attempts; they begin at 100 ms,
	// double, and are shortened at random. Default: 10 s.
	MaxBackoff time.Duration
	// Timeout is the longest that a connection may carry no byte while one is
	// waited for. Default: 30 s.
	Timeout time.Duration
}

const (
	mebibyte        = 1 << 20
	minPartBytes    = 5 * mebibyte // S3's own limit for parts but the last
	defaultAttempts = 6
	firstBackoff    = 100 * time.Millisecond
)

func (c S3Config) withDefaults() S3Config {
	c.PartBytes = orDefault(c.PartBytes, 8*mebibyte)
	c.InFlight = orDefault(c.InFlight, 4)
	c.ReadAheadBytes = orDefault(c.ReadAheadBytes, 128*mebibyte)
	c.Attempts = orDefault(c.Attempts, defaultAttempts)
	c.MaxBackoff = orDefault(c.MaxBackoff, 10*time.Second)
	c.Timeout = orDefault(c.Timeout, 30*time.Second)
	return c
}

func orDefault[T int | int64 | time.Duration](v, fallback T) T {
	if v == 0 {
		return fallback
	}
	return v
}

// Validate reports every problem of the configuration.
func (c S3Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	if c.EndpointURL != "" {
		errs = append(errs, checkEndpoint(c.EndpointURL, c.AllowHTTP))
	}
	if c.PartBytes < minPartBytes {
		errs = append(errs, fmt.Errorf("S3 part size %d: want at least %d bytes", c.PartBytes, minPartBytes))
	}
	if c.InFlight < 0 || c.ReadAheadBytes < 0 || c.Attempts < 0 || c.MaxBackoff < 0 || c.Timeout < 0 {
		errs = append(errs, errors.New("S3 limits: want no negative number"))
	}
	return errors.Join(errs...)
}

func checkEndpoint(raw string, allowHTTP bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return errors.New("S3 endpoint: want an address such as https://host:9000")
	case u.Scheme == "http" && !allowHTTP:
		return fmt.Errorf("S3 endpoint http://%s is not encrypted; use https, or set AWS_ALLOW_HTTP=true", u.Host)
	}
	return nil
}

// S3 is the Store of s3://bucket/key. It looks for credentials and connects at
// its first use. Call Close when done.
type S3 struct {
	cfg   S3Config
	dial  *connections
	ahead *semaphore.Weighted
	parts sync.Pool // *[]byte of PartBytes

	mu     sync.Mutex
	client *s3.Client
}

var _ Store = (*S3)(nil)

// NewS3 returns a store without touching the network, the environment or any
// file.
func NewS3(cfg S3Config) (*S3, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &S3{cfg: cfg, dial: newConnections(cfg.Timeout), ahead: semaphore.NewWeighted(cfg.ReadAheadBytes)}
	s.parts.New = func() any {
		b := make([]byte, cfg.PartBytes)
		return &b
	}
	return s, nil
}

// Close closes the connections. Readers and writers still open fail after it.
func (s *S3) Close() error { return s.dial.close() }

// connect returns the client, made at the first call that succeeds.
func (s *S3) connect(ctx context.Context) (*s3.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		return s.client, nil
	}
	options := []func(*config.LoadOptions) error{
		// The SDK's own kind, so that it can add a CA bundle to it.
		config.WithHTTPClient(awshttp.NewBuildableClient()),
		config.WithRetryer(s.retryer),
		config.WithDefaultsMode(aws.DefaultsModeStandard),
		config.WithLogger(logging.Nop{}),
	}
	if s.cfg.Region != "" {
		options = append(options, config.WithRegion(s.cfg.Region))
	}
	if s.cfg.Credentials != nil {
		options = append(options, config.WithCredentialsProvider(s.cfg.Credentials))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if _, err := loaded.Credentials.Retrieve(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("find AWS credentials, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w (%w)", ErrPermission, err)
	}
	return s.newClient(loaded)
}

func (s *S3) newClient(loaded aws.Config) (*s3.Client, error) {
	if loaded.Region == "" {
		loaded.Region = "us-east-1"
	}
	loaded.HTTPClient = s.dial.install(loaded.HTTPClient)
	var problem error
	client := s3.NewFromConfig(loaded, func(o *s3.Options) {
		if s.cfg.EndpointURL != "" {
			o.BaseEndpoint = aws.String(s.cfg.EndpointURL)
		}
		if o.BaseEndpoint != nil {
			o.UsePathStyle = true
			problem = checkEndpoint(*o.BaseEndpoint, s.cfg.AllowHTTP)
		}
		o.DisableLogOutputChecksumValidationSkipped = true
	})
	if problem != nil {
		return nil, problem
	}
	s.client = client
	return client, nil
}

// retryer is the SDK's standard one without its budget, which a few hundred
// requests in flight use up at once when a service slows down.
func (s *S3) retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = s.cfg.Attempts
		o.MaxBackoff = s.cfg.MaxBackoff
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) {
			return s.cfg.backoff(attempt), nil
		})
		o.RateLimiter = ratelimit.None
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(brokenConnection)}, o.Retryables...)
	})
}

// s3Location is the bucket and key of an s3 URI. The key is taken as it is
// written, without percent-decoding.
type s3Location struct {
	bucket, key string
}

func parseS3(uri string) (s3Location, error) {
	if !hasScheme(uri, s3Scheme) {
		return s3Location{}, fmt.Errorf("address %q: not an s3:// address: %w", uri, ErrBadURI)
	}
	bucket, key, _ := strings.Cut(uri[len(s3Scheme):], "/")
	if bucket == "" || strings.ContainsAny(bucket, "@?#*[]") {
		return s3Location{}, fmt.Errorf("address: want s3://bucket/key, and credentials are not part of it: %w", ErrBadURI)
	}
	return s3Location{bucket: bucket, key: key}, nil
}

// parseS3Object is parseS3 for the address of one object.
func parseS3Object(uri string) (s3Location, error) {
	at, err := parseS3(uri)
	if err == nil && (at.key == "" || strings.HasSuffix(at.key, "/")) {
		return s3Location{}, fmt.Errorf("address %q: names a folder, not an object: %w", uri, ErrBadURI)
	}
	return at, err
}
