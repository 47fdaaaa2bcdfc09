package stack

import (
	"bytes"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// The only user of the stack's S3 server, and where others on the network find it.
const (
	S3User     = "kallad-e2e"
	S3Password = "kallad-e2e-secret"
	S3Endpoint = "http://minio:9000"

	s3Region = "us-east-1"
)

// S3 is a MinIO that others on the network find as "minio", with one bucket.
type S3 struct {
	*Container
	client *s3.Client
}

// Bucket is the only bucket of the stack's S3 server.
const Bucket = "ledger"

// S3 starts an S3 server.
func (s *Stack) S3() *S3 {
	s.t.Helper()
	name, err := minioImage.name(s.t.Context(), s.cli)
	require.NoError(s.t, err)
	m := &S3{Container: s.Run("minio", name,
		testcontainers.WithEnv(map[string]string{"MINIO_ROOT_USER": S3User, "MINIO_ROOT_PASSWORD": S3Password, "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}),
		testcontainers.WithCmd("server", "--quiet", "/data"),
		testcontainers.WithExposedPorts("9000/tcp"),
		testcontainers.WithWaitStrategy(wait.ForHTTP("/minio/health/ready").WithPort("9000/tcp").WithStartupTimeout(startTimeout).WithPollInterval(50*time.Millisecond)),
	)}
	m.connect()
	_, err = m.client.CreateBucket(s.t.Context(), &s3.CreateBucketInput{Bucket: aws.String(Bucket)})
	require.NoError(s.t, err)
	return m
}

func (m *S3) connect() {
	m.client = s3.New(s3.Options{
		Region: s3Region, BaseEndpoint: aws.String("http://" + m.Address("9000/tcp")), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(S3User, S3Password, ""),
	})
}

// Start starts a server that has ended, with what it held, and waits until it
// answers. Its port is another one then.
func (m *S3) Start() {
	m.stack.t.Helper()
	m.Container.Start()
	m.connect()
	require.Eventually(m.stack.t, func() bool {
		_, err := m.client.HeadBucket(m.stack.t.Context(), &s3.HeadBucketInput{Bucket: aws.String(Bucket)})
		return err == nil
	}, startTimeout, 50*time.Millisecond)
}

// Put writes an object and returns its URI.
func (m *S3) Put(key string, content []byte) string {
	m.stack.t.Helper()
	_, err := m.client.PutObject(m.stack.t.Context(), &s3.PutObjectInput{Bucket: aws.String(Bucket), Key: &key, Body: bytes.NewReader(content)})
	require.NoError(m.stack.t, err, "put %s", key)
	return "s3://" + Bucket + "/" + key
}

// Get reads an object by its URI.
func (m *S3) Get(uri string) []byte {
	m.stack.t.Helper()
	key := strings.TrimPrefix(uri, "s3://"+Bucket+"/")
	object, err := m.client.GetObject(m.stack.t.Context(), &s3.GetObjectInput{Bucket: aws.String(Bucket), Key: &key})
	require.NoError(m.stack.t, err, "get %s", uri)
	defer func() { _ = object.Body.Close() }()
	content, err := io.ReadAll(object.Body)
	require.NoError(m.stack.t, err, "get %s", uri)
	return content
}

// Publish lets anybody read the bucket, for clients that can't sign requests.
func (m *S3) Publish() {
	m.stack.t.Helper()
	policy := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::` + Bucket + `/*"]}]}`
	_, err := m.client.PutBucketPolicy(m.stack.t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(Bucket), Policy: &policy})
	require.NoError(m.stack.t, err)
}

// Keys lists the objects whose keys begin with prefix.
func (m *S3) Keys(prefix string) []string {
	m.stack.t.Helper()
	listed, err := m.client.ListObjectsV2(m.stack.t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(Bucket), Prefix: &prefix})
	require.NoError(m.stack.t, err)
	var keys []string
	for _, o := range listed.Contents {
		keys = append(keys, aws.ToString(o.Key))
	}
	return keys
}

// s3Environment lets kallad reach the stack's S3 server.
func s3Environment() map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID": S3User, "AWS_SECRET_ACCESS_KEY": S3Password, "AWS_REGION": s3Region,
		"AWS_ENDPOINT_URL": S3Endpoint, "AWS_ALLOW_HTTP": "true",
	}
}
