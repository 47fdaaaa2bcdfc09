package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// s3Error says what was done to which object and what the service answered,
// and adds the sentinel that callers branch on. The SDK's own text is long and
// names request ids; only what a person can use is kept.
func s3Error(verb, uri string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s %q: %w", verb, uri, err)
	}
	for _, known := range []error{ErrNotFound, ErrPermission, ErrBadURI, ErrChanged} {
		if errors.Is(err, known) {
			return fmt.Errorf("%s %q: %w", verb, uri, err)
		}
	}
	answer, said := s3Answer(err)
	if !said {
		return fmt.Errorf("%s %q: %w", verb, uri, shortest(err))
	}
	if sentinel := s3Sentinel(err); sentinel != nil {
		return fmt.Errorf("%s %q: %w (%s)", verb, uri, sentinel, answer)
	}
	return fmt.Errorf("%s %q: the S3 service answered %s", verb, uri, answer)
}

// s3Answer returns the service's answer for people: code, message and status.
func s3Answer(err error) (string, bool) {
	status, region := s3Status(err)
	var api smithy.APIError
	answered := errors.As(err, &api)
	if !answered && status == 0 {
		return "", false
	}
	var text string
	if answered {
		text = api.ErrorCode()
		if m := api.ErrorMessage(); m != "" && m != "UnknownError" {
			text += ": " + m
		}
	}
	if status != 0 {
		text = fmt.Sprintf("%d %s", status, text)
	}
	if region != "" && (status == http.StatusMovedPermanently || status == http.StatusBadRequest) {
		text += "; the bucket is in region " + region + ", set AWS_REGION to it"
	}
	return text, true
}

func s3Status(err error) (status int, region string) {
	var response *awshttp.ResponseError
	if !errors.As(err, &response) || response.Response == nil || response.Response.Response == nil {
		return 0, ""
	}
	return response.HTTPStatusCode(), response.Response.Header.Get("X-Amz-Bucket-Region")
}

func s3Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func s3Sentinel(err error) error {
	switch s3Code(err) {
	case "NoSuchKey", "NoSuchBucket", "NotFound":
		return ErrNotFound
	case "PreconditionFailed":
		return ErrChanged
	case "InvalidBucketName", "KeyTooLongError":
		return ErrBadURI
	}
	switch status, _ := s3Status(err); status {
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusForbidden, http.StatusUnauthorized:
		return ErrPermission
	case http.StatusPreconditionFailed:
		return ErrChanged
	case http.StatusInsufficientStorage:
		return ErrNoSpace
	}
	return nil
}

// shortest returns the part of a connection's error that says what happened.
func shortest(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns
	}
	return err
}

// brokenConnection adds to the SDK's reasons to try again the connections
// that end before the answer does.
func brokenConnection(err error) aws.Ternary {
	if errors.Is(err, context.Canceled) || errors.Is(err, errStoreClosed) {
		return aws.FalseTernary
	}
	var network net.Error
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return aws.TrueTernary
	case errors.As(err, &network) && network.Timeout():
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// backoff is the wait after the attempt-th failure, counted from 1.
func (c S3Config) backoff(attempt int) time.Duration {
	longest := min(firstBackoff<<min(max(attempt-1, 0), 16), c.MaxBackoff)
	return longest/2 + time.Duration(rand.Int64N(int64(longest/2)+1))
}

// wait sleeps for the backoff of an attempt, or until ctx ends.
func (c S3Config) wait(ctx context.Context, attempt int) error {
	t := time.NewTimer(c.backoff(attempt))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
