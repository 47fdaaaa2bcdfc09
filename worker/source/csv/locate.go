package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"kallad/worker/blob"
	"kallad/worker/recon"
)

// Where a fault is in the file is found out only once there is one: reading
// need not count lines for that.

// lineOf returns the 1-based line of the file that the text offset is in.
func lineOf(ctx context.Context, obj blob.Object, f *file, offset int64) (int64, error) {
	text, err := openText(ctx, obj, f, 0, offset)
	if err != nil {
		return 0, err
	}
	line := int64(1)
	buf := make([]byte, 256<<10)
	for err == nil {
		var n int
		n, err = text.Read(buf)
		line += int64(bytes.Count(buf[:n], []byte{f.Newline}))
	}
	if !errors.Is(err, io.EOF) {
		return 0, errors.Join(err, text.Close())
	}
	return line, text.Close()
}

// firstFault reads the records of f from its first one on and returns the
// text offset of the first broken one, and what is wrong with it.
func firstFault(ctx context.Context, obj blob.Object, f *file, d *dialect, columns, blockBytes int) (offset int64, bad *fault, err error) {
	in, err := openFeed(ctx, obj, f, f.Data, -1, blockBytes)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	s := newScanner(d, f.Newline, columns, nil)
	for {
		next, bad := s.scan(in.buf, in.pos, in.n, in.final, 1<<20)
		if bad != nil {
			return in.base + int64(bad.pos), bad, nil
		}
		moved := next > in.pos
		in.pos = next
		switch {
		case in.final && next == in.n:
			return 0, nil, nil
		case moved && s.rows == 1<<20:
			continue
		case in.final:
			return 0, nil, nil
		}
		if err := in.more(ctx); err != nil {
			return 0, nil, err
		}
	}
}

// at returns an input error at a text offset of the current file. If the line
// can't be found any more, because the file is gone, say, the offset has to do.
func (b *batches) at(ctx context.Context, offset int64, message string) error {
	f := &b.current.File
	line, err := lineOf(ctx, b.obj, f, offset)
	if err != nil {
		return recon.Input(fmt.Errorf("%s, text offset %d: %s", recon.RedactURL(f.URI), offset, message))
	}
	return contentError(f.URI, line, "%s", message)
}

// faultError is a broken record. In a segment that is not the file's first it
// may be the echo of another one further up, which is the one to report.
func (b *batches) faultError(ctx context.Context, bad *fault) error {
	if err := b.upstream(ctx); err != nil {
		return err
	}
	return b.at(ctx, b.feed.base+int64(bad.pos), bad.describe(&b.payload.Dialect, len(b.payload.Columns)))
}

// upstream looks for the file's first broken record when the current segment
// begins after others.
func (b *batches) upstream(ctx context.Context) error {
	f := &b.current.File
	if b.current.Start == f.Data {
		return nil
	}
	offset, bad, err := firstFault(ctx, b.obj, f, &b.payload.Dialect, len(b.payload.Columns), b.cfg.BlockBytes)
	if err != nil {
		return readError(f.URI, err)
	}
	if bad == nil {
		return nil
	}
	return b.at(ctx, offset, bad.describe(&b.payload.Dialect, len(b.payload.Columns)))
}

// borderError is a segment that ends within a record. As the package comment
// shows, this happens only in a file with a broken record.
func (b *batches) borderError(ctx context.Context) error {
	f := &b.current.File
	offset, bad, err := firstFault(ctx, b.obj, f, &b.payload.Dialect, len(b.payload.Columns), b.cfg.BlockBytes)
	if err != nil {
		return readError(f.URI, err)
	}
	if bad == nil {
		return fmt.Errorf("read %s: the partition's end at text offset %d is not between records", recon.RedactURL(f.URI), b.current.End)
	}
	return b.at(ctx, offset, bad.describe(&b.payload.Dialect, len(b.payload.Columns)))
}

// valueError is a value of decoded column i that is none of its type.
func (b *batches) valueError(ctx context.Context, i int, s span) error {
	if err := b.upstream(ctx); err != nil {
		return err
	}
	c := b.payload.Columns[b.fields[i]]
	value := bytes.Clone(s.text(b.feed.buf))
	if s.escaped() {
		value = b.payload.Dialect.unescape(nil, value)
	}
	message := misfit(c, value)
	if c.Type.kind == kindText {
		message = notText(c.Name, value, b.current.File.Encoding)
	}
	return b.at(ctx, b.feed.base+int64(s.start), message)
}
