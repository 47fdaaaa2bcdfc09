package journal

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// What a frame does with its key.
const (
	opPut    = 'P'
	opDelete = 'D'
	// opProbe does nothing: it finds out whether the disk takes data again.
	opProbe = 'N'
)

// Sizes of a frame's parts, in bytes.
const (
	frameHead   = markerBytes + 4 + 4
	payloadHead = 1 + 2
)

// Limits of a change, in bytes.
const (
	maxKey   = 1<<16 - 1
	maxValue = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame is a change as it stands in a segment.
type frame struct {
	// at is where it begins, size is its length with everything.
	at, size int64
	op       byte
	key      string
	value    []byte
}

// appendFrame appends a frame in its form on disk.
func appendFrame(buf []byte, m marker, op byte, key string, value []byte) []byte {
	buf = append(buf, m[:]...)
	length := payloadHead + len(key) + len(value)
	checked := len(buf)
	buf = binary.LittleEndian.AppendUint32(buf, uint32(length))
	buf = append(buf, 0, 0, 0, 0)
	payload := len(buf)
	buf = append(buf, op)
	buf = binary.LittleEndian.AppendUint16(buf, uint16(len(key)))
	buf = append(buf, key...)
	buf = append(buf, value...)
	sum := crc32.Update(crc32.Checksum(buf[checked:checked+4], castagnoli), castagnoli, buf[payload:])
	binary.LittleEndian.PutUint32(buf[checked+4:], sum)
	return buf
}

// readFrame reads the frame at an offset of a file of the given size. It
// reports false when there is none, or not a whole one, or none that can be
// read.
func readFrame(r io.ReaderAt, size, at int64, m marker) (frame, bool) {
	var head [frameHead]byte
	if size-at < frameHead {
		return frame{}, false
	}
	if n, _ := r.ReadAt(head[:], at); n < frameHead || !bytes.Equal(head[:markerBytes], m[:]) {
		return frame{}, false
	}
	length := int64(binary.LittleEndian.Uint32(head[markerBytes:]))
	if length < payloadHead || length > size-at-frameHead {
		return frame{}, false
	}
	payload := make([]byte, length)
	if n, _ := r.ReadAt(payload, at+frameHead); int64(n) < length {
		return frame{}, false
	}
	sum := crc32.Update(crc32.Checksum(head[markerBytes:markerBytes+4], castagnoli), castagnoli, payload)
	if sum != binary.LittleEndian.Uint32(head[markerBytes+4:]) {
		return frame{}, false
	}
	return parsePayload(payload, at)
}

func parsePayload(payload []byte, at int64) (frame, bool) {
	f := frame{at: at, size: frameHead + int64(len(payload)), op: payload[0]}
	end := payloadHead + int(binary.LittleEndian.Uint16(payload[1:]))
	if end > len(payload) {
		return frame{}, false
	}
	f.key, f.value = string(payload[payloadHead:end]), payload[end:]
	return f, true
}
