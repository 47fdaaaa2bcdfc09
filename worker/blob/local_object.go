package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// localObject is one open file. Every read is followed by a look at the file's
// size and modification time, so that bytes of two versions are never handed
// out as one.
type localObject struct {
	file  *os.File
	info  Info
	guard *guard
}

// newLocalObject takes over f when it succeeds.
func newLocalObject(uri string, f *os.File) (*localObject, error) {
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := regular(fi); err != nil {
		return nil, err
	}
	if made, err := kernelFile(f); err != nil || made {
		return nil, errors.Join(err, fmt.Errorf("a file of the kernel's own: %w", ErrBadURI))
	}
	g, err := newGuard(f)
	if err != nil {
		return nil, err
	}
	return &localObject{file: f, info: localInfo(uri, fi), guard: g}, nil
}

func (o *localObject) Info() Info { return o.info }

func (o *localObject) Close() error {
	if err := o.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return localError("close", o.info.URI, err)
	}
	return nil
}

func (o *localObject) ReadRange(ctx context.Context, offset, length int64) (io.ReadCloser, error) {
	end, err := rangeEnd(o.info, offset, length)
	if err != nil {
		return nil, err
	}
	if err := o.guard.check(); err != nil {
		return nil, localError("read", o.info.URI, err)
	}
	return &localReader{ctx: ctx, object: o, next: offset, end: end}, nil
}

func (o *localObject) ReadAt(ctx context.Context, p []byte, offset int64) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	end, err := rangeEnd(o.info, offset, int64(len(p)))
	if err != nil {
		return 0, err
	}
	n, err := o.readAt(p[:end-offset], offset)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// readAt fills p, which lies within the file as it was opened.
func (o *localObject) readAt(p []byte, offset int64) (int, error) {
	n, err := o.file.ReadAt(p, offset)
	if changed := o.guard.check(); changed != nil {
		return 0, localError("read", o.info.URI, changed)
	}
	if errors.Is(err, io.EOF) && n < len(p) {
		return 0, localError("read", o.info.URI, ErrChanged)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, localError("read", o.info.URI, err)
	}
	return n, nil
}

// rangeEnd returns where a range ends: at the object's end at the latest.
func rangeEnd(info Info, offset, length int64) (int64, error) {
	if offset < 0 || offset > info.Size {
		return 0, fmt.Errorf("read %q: offset %d is outside of its %d bytes", info.URI, offset, info.Size)
	}
	if length < 0 || length > info.Size-offset {
		return info.Size, nil
	}
	return offset + length, nil
}

// localReader reads [next, end) of its object. It lives no longer than the
// call that ctx belongs to.
type localReader struct {
	ctx       context.Context
	object    *localObject
	next, end int64
}

func (r *localReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if r.next >= r.end {
		return 0, io.EOF
	}
	n, err := r.object.readAt(p[:min(int64(len(p)), r.end-r.next)], r.next)
	r.next += int64(n)
	return n, err
}

func (r *localReader) Close() error {
	r.next = r.end
	return nil
}
