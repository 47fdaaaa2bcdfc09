package cell

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// frameKind says what a frame is.
type frameKind byte

const (
	// The requests. What follows a kind is the frame's content.
	frameConfig frameKind = 'C' // what the host is to be made of, first of all
	frameJob    frameKind = 'J' // jobRequest
	frameBind   frameKind = 'B' // begins a session for binding
	frameCall   frameKind = 'Q' // bindCall
	frameLeave  frameKind = 'L' // ends the session for binding
	frameCancel frameKind = 'X' // ends a job early

	// The answers.
	frameEvent  frameKind = 'e' // event
	frameData   frameKind = 'd' // the number of an Arrow stream, and bytes of it
	frameResult frameKind = 'r' // result, or bindAnswer
)

// maxFrame bounds a frame, in bytes: a job names the partitions of its
// sources, of which there can be many.
const maxFrame = 256 << 20

// frames writes frames, from several goroutines at once.
type frames struct {
	mu  sync.Mutex
	out *bufio.Writer
}

// frameBuffer is the size of the buffers at both ends, in bytes.
const frameBuffer = 256 << 10

func newFrames(w io.Writer) *frames { return &frames{out: bufio.NewWriterSize(w, frameBuffer)} }

func (f *frames) write(kind frameKind, content []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.put(kind, nil, content); err != nil {
		return err
	}
	return f.out.Flush()
}

// put writes a frame whose content begins with prefix.
func (f *frames) put(kind frameKind, prefix, content []byte) error {
	var head [5]byte
	head[0] = byte(kind)
	binary.LittleEndian.PutUint32(head[1:], uint32(len(prefix)+len(content)))
	for _, part := range [][]byte{head[:], prefix, content} {
		if _, err := f.out.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func (f *frames) writeJSON(kind frameKind, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode a message of a cell: %w", err)
	}
	return f.write(kind, content)
}

// dataFrames is the way of the bytes of one Arrow stream.
type dataFrames struct {
	*frames
	stream uint32
}

func (d dataFrames) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var prefix [4]byte
	binary.LittleEndian.PutUint32(prefix[:], d.stream)
	if err := d.put(frameData, prefix[:], p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (d dataFrames) flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.Flush()
}

// readFrame returns the next frame; its content is valid until the next call
// with the same buffer.
func readFrame(r *bufio.Reader, buf *[]byte) (frameKind, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := int(binary.LittleEndian.Uint32(head[1:]))
	if n > maxFrame {
		return 0, nil, errors.New("a frame is too long")
	}
	if cap(*buf) < n {
		*buf = make([]byte, n)
	}
	content := (*buf)[:n]
	if _, err := io.ReadFull(r, content); err != nil {
		return 0, nil, fmt.Errorf("a frame is cut off: %w", err)
	}
	return frameKind(head[0]), content, nil
}
