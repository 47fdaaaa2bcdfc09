package main

import (
	"github.com/spf13/pflag"

	"kallad/worker/blob"
)

// storeFlags say where files may be and how S3 is reached. Credentials come
// from the usual AWS chain and never from a flag.
type storeFlags struct {
	sourceRoots []string
	s3          blob.S3Config
}

func (f *storeFlags) register(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.sourceRoots, "source-root", nil, "folder that local sources must be in; repeatable (default: anywhere)")
	flags.StringVar(&f.s3.Region, "s3-region", "", "region of s3:// buckets (default: what the AWS chain says)")
	flags.StringVar(&f.s3.EndpointURL, "s3-endpoint", "", "address of another service that speaks S3 (default: Amazon's)")
	flags.BoolVar(&f.s3.AllowHTTP, "s3-allow-http", false, "let --s3-endpoint be http://, unencrypted")
	env(flags, "source-root", "SOURCE_ROOTS")
	env(flags, "s3-region", "AWS_REGION")
	env(flags, "s3-endpoint", "AWS_ENDPOINT_URL")
	env(flags, "s3-allow-http", "AWS_ALLOW_HTTP")
}

// open returns the store of local files and S3 objects. Local files are
// written below writeRoots only, unless there is none.
func (f *storeFlags) open(writeRoots []string) (blob.Store, error) {
	s3, err := blob.NewS3(f.s3)
	if err != nil {
		return nil, err
	}
	return blob.NewMux(blob.NewLocal(blob.LocalConfig{ReadRoots: f.sourceRoots, WriteRoots: writeRoots}), s3), nil
}
