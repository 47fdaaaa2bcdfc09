package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"kallad/worker/blob"
)

const (
	compressionNone = "none"
	compressionGzip = "gzip"
	compressionZstd = "zstd"
)

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
	utf8BOM   = []byte{0xef, 0xbb, 0xbf}
)

// compressionOf tells from a file's first bytes how it is compressed. No text
// begins like that in any encoding that we read.
func compressionOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		return compressionGzip
	case bytes.HasPrefix(head, zstdMagic):
		return compressionZstd
	}
	return compressionNone
}

// openText streams the text of f from the text offset start to end (-1: to
// the end of the file). The caller closes it before obj.
func openText(ctx context.Context, obj blob.Object, f *file, start, end int64) (io.ReadCloser, error) {
	if !f.streamed() {
		length := int64(-1)
		if end >= 0 {
			length = end - start
		}
		return obj.ReadRange(ctx, start, length)
	}
	raw, err := obj.ReadRange(ctx, 0, -1)
	if err != nil {
		return nil, err
	}
	text, err := decodeText(raw, f)
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, text, start); err != nil {
		return nil, errors.Join(fmt.Errorf("skip to text offset %d: %w", start, err), text.Close())
	}
	if end >= 0 {
		text.Reader = io.LimitReader(text.Reader, end-start)
	}
	return text, nil
}

// errCorrupt marks content that its decoder refuses, and tells it from a fault
// in getting at the content.
var errCorrupt = errors.New("the content is damaged")

// textReader reads through a chain of decoders and closes it from its end.
type textReader struct {
	io.Reader
	raw     *watchedReader
	decoder io.Closer // of compressed text, nil without one
}

// watchedReader remembers the error that ended the undecoded bytes.
type watchedReader struct {
	io.ReadCloser
	err error
}

// Read implements io.Reader.
func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// Read implements io.Reader.
func (t *textReader) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	return n, t.blame(err)
}

func (t *textReader) blame(err error) error {
	if t.raw.err != nil {
		return t.raw.err
	}
	return fmt.Errorf("%w: %w", errCorrupt, err)
}

// Close implements io.Closer. What a decoder has to say at its end it said in
// Read, if anybody read that far.
func (t *textReader) Close() error {
	if t.decoder != nil {
		_ = t.decoder.Close()
	}
	return t.raw.Close()
}

// decodeText puts the decoders that f needs over raw, which it owns.
func decodeText(raw io.ReadCloser, f *file) (*textReader, error) {
	watched := &watchedReader{ReadCloser: raw}
	t := &textReader{Reader: watched, raw: watched}
	switch f.Compression {
	case compressionGzip:
		zr, err := gzip.NewReader(watched)
		if err != nil {
			return nil, errors.Join(t.blame(err), raw.Close())
		}
		t.Reader, t.decoder = zr, zr
	case compressionZstd:
		zr, err := zstd.NewReader(watched, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, errors.Join(t.blame(err), raw.Close())
		}
		rc := zr.IOReadCloser()
		t.Reader, t.decoder = rc, rc
	}
	if isUTF16(f.Encoding) {
		t.Reader = newUTF16Reader(t.Reader, f.Encoding)
	}
	return t, nil
}
