package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"kallad/bench/process"
)

// S3 is a running MinIO with one bucket.
type S3 struct {
	dir     string
	address string
	process *exec.Cmd
	client  *s3.Client
}

const (
	s3User     = "kallad-bench"
	s3Password = "kallad-bench-secret"
	s3Bucket   = "bench"
	s3Region   = "us-east-1"
)

// s3StartTimeout bounds the start of the server.
const s3StartTimeout = 30 * time.Second

// StartS3 starts a server whose program the checkout's script brings. Whoever
// calls it calls Stop.
func StartS3(ctx context.Context, checkout string) (*S3, error) {
	found, err := process.Run(ctx, checkout, filepath.Join(checkout, "tools", "fetch-minio.sh"))
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "kallad-bench-s3-")
	if err != nil {
		return nil, err
	}
	s := &S3{dir: dir}
	if err := s.start(ctx, strings.TrimSpace(string(found.Stdout))); err != nil {
		return nil, errors.Join(fmt.Errorf("start S3: %w", err), s.Stop())
	}
	return s, nil
}

func (s *S3) start(ctx context.Context, program string) error {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.address = socket.Addr().String()
	if err := socket.Close(); err != nil {
		return err
	}
	cmd := exec.Command(program, "server", "--quiet", "--address", s.address, filepath.Join(s.dir, "data"))
	cmd.Env = append(os.Environ(), "MINIO_ROOT_USER="+s3User, "MINIO_ROOT_PASSWORD="+s3Password, "MINIO_BROWSER=off")
	if err := cmd.Start(); err != nil {
		return err
	}
	s.process = cmd
	if err := s.await(ctx); err != nil {
		return err
	}
	s.client = s3.New(s3.Options{
		BaseEndpoint: aws.String("http://" + s.address), Region: s3Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(s3User, s3Password, ""),
	})
	_, err = s.client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(s3Bucket)})
	return err
}

// await returns when the server answers.
func (s *S3) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s3StartTimeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+"/minio/health/ready", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(response.Status)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

// Put stores a file and returns its URI.
func (s *S3) Put(ctx context.Context, path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	key := filepath.Base(path)
	_, err = s.client.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(s3Bucket), Key: &key, Body: file})
	if err != nil {
		return "", fmt.Errorf("put %s: %w", path, err)
	}
	return "s3://" + s3Bucket + "/" + key, nil
}

// Env are the variables by which kallad reaches the server.
func (s *S3) Env() []string {
	return []string{
		"AWS_ACCESS_KEY_ID=" + s3User, "AWS_SECRET_ACCESS_KEY=" + s3Password, "AWS_REGION=" + s3Region,
		"AWS_ENDPOINT_URL=http://" + s.address, "AWS_ALLOW_HTTP=true",
	}
}

// Stop ends the server and removes its files.
func (s *S3) Stop() error {
	if s.process != nil {
		if err := s.process.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		_ = s.process.Wait() // it was killed
	}
	return os.RemoveAll(s.dir)
}
