package blob_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"kallad/worker/blob"
)

// BenchmarkLocalRead reads a file that is in memory by ReadRange and, beside
// it, by a plain file, in reads of several sizes.
func BenchmarkLocalRead(b *testing.B) {
	const size = 64 << 20
	path := filepath.Join(b.TempDir(), "a")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), size), 0o644); err != nil {
		b.Fatal(err)
	}
	o, err := blob.NewLocal(blob.LocalConfig{}).Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = o.Close() }()
	ranged := func() (io.ReadCloser, error) { return o.ReadRange(b.Context(), 0, -1) }
	plain := func() (io.ReadCloser, error) { return os.Open(path) }
	for _, step := range []int{32 << 10, 256 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("plain/%dKiB", step>>10), func(b *testing.B) { drain(b, plain, step, size) })
		b.Run(fmt.Sprintf("ranged/%dKiB", step>>10), func(b *testing.B) { drain(b, ranged, step, size) })
	}
}

func drain(b *testing.B, open func() (io.ReadCloser, error), step, size int) {
	b.SetBytes(int64(size))
	buf := make([]byte, step)
	for b.Loop() {
		r, err := open()
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = r.Read(buf)
		}
		if err != io.EOF {
			b.Fatal(err)
		}
		_ = r.Close()
	}
}

// BenchmarkS3Read reads an object by one reader.
func BenchmarkS3Read(b *testing.B) {
	const size = 128 << 20
	bucket := server.Bucket(b)
	bucket.Put(b, "a", bytes.Repeat([]byte("x"), size))
	for _, inFlight := range []int{1, 4} {
		b.Run(fmt.Sprintf("inflight=%d", inFlight), func(b *testing.B) {
			o, err := newS3(b, bucket.Endpoint, func(c *blob.S3Config) { c.InFlight, c.PartBytes = inFlight, 8<<20 }).Open(b.Context(), bucket.URI("a"))
			if err != nil {
				b.Fatal(err)
			}
			drain(b, func() (io.ReadCloser, error) { return o.ReadRange(b.Context(), 0, -1) }, 256<<10, size)
		})
	}
}
