package postgres

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The server's messages that matter while rows come; the letters are those of
// the frontend/backend protocol, version 3.
const (
	msgDataRow        = 'D'
	msgError          = 'E'
	msgNoData         = 'n'
	msgRowDescription = 'T'
	msgReadyForQuery  = 'Z'
)

// bufferSize is what one read from the server may bring, unit: bytes. A longer
// value makes the buffer grow until that value is done with.
const bufferSize = 256 << 10

// wire reads the server's messages from a connection that has been taken over
// from the driver. It reads only when asked, so a slow consumer fills the
// kernel's buffers and then stops the server, and no memory of ours.
type wire struct {
	conn io.Reader
	// buf[r:w] has been received and not been consumed.
	buf  []byte
	r, w int
}

func newWire(conn io.Reader) *wire {
	return &wire{conn: conn, buf: make([]byte, bufferSize)}
}

// header consumes the next message's head: its kind and its body's length.
func (w *wire) header() (kind byte, length int, err error) {
	h, err := w.take(5)
	if err != nil {
		return 0, 0, err
	}
	length = int(int32(binary.BigEndian.Uint32(h[1:]))) - 4
	if length < 0 {
		return 0, 0, fmt.Errorf("the server sent a message of length %d", length)
	}
	return h[0], length, nil
}

// take consumes n bytes and returns them; they stay valid until the next call.
func (w *wire) take(n int) ([]byte, error) {
	if w.w-w.r < n {
		if err := w.fill(n); err != nil {
			return nil, err
		}
	}
	b := w.buf[w.r : w.r+n : w.r+n]
	w.r += n
	return b, nil
}

// fill receives until n bytes are there.
func (w *wire) fill(n int) error {
	target := w.buf
	if n > len(target) || len(target) > bufferSize && n <= bufferSize && w.w-w.r <= bufferSize {
		target = make([]byte, max(n, bufferSize))
	}
	w.w = copy(target, w.buf[w.r:w.w])
	w.r, w.buf = 0, target
	got, err := io.ReadAtLeast(w.conn, w.buf[w.w:], n-w.w)
	w.w += got
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
