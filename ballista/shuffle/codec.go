package shuffle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/apache/arrow-go/v18/arrow/flight"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // what the codec falls back to
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// codec is gRPC's own codec for protobuf, but for blocks: it sends them from
// where they are kept, and receives them to where they stay, without a copy
// between. On the wire nothing is different.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// The fields of FlightData, as in Flight.proto.
const (
	fieldHeader   = 2
	fieldMetadata = 3
	fieldBody     = 1000
)

// outgoing is a message with a block. It is a FlightData too, for servers
// that know no better.
type outgoing struct {
	*flight.FlightData
	segment *segment
}

// incoming is a message that is received.
type incoming struct {
	// header and metadata are the message's.
	header, metadata []byte
	// block is a block in full, with its checksum as it came. It is in its
	// segment, which belongs to whoever takes the message.
	block   []byte
	segment *segment
	crc     uint32

	arena *arena
}

// Marshal implements encoding.CodecV2.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(*outgoing)
	if !ok {
		return c.CodecV2.Marshal(v)
	}
	front := appendField(make([]byte, 0, 64), fieldMetadata, m.AppMetadata)
	front = append(front, m.AppMetadata...)
	front = appendField(front, fieldHeader, m.DataHeader)
	between := appendField(make([]byte, 0, 16), fieldBody, m.DataBody)
	return mem.BufferSlice{
		mem.SliceBuffer(front), m.segment.share(m.DataHeader),
		mem.SliceBuffer(between), m.segment.share(m.DataBody),
	}, nil
}

// appendField appends what comes before a field's bytes.
func appendField(b []byte, field protowire.Number, content []byte) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.BytesType), uint64(len(content)))
}

// share returns bytes of the segment as a buffer that holds it.
func (s *segment) share(b []byte) mem.Buffer {
	if mem.IsBelowBufferPoolingThreshold(cap(b)) {
		return mem.SliceBuffer(append([]byte(nil), b...)) // gRPC does not say when it is done with these
	}
	s.retain()
	return mem.NewBuffer(&b, holder{s})
}

// holder is the pool to which a shared buffer returns.
type holder struct{ *segment }

func (h holder) Get(int) *[]byte { panic("shuffle: a segment is no pool") }
func (h holder) Put(*[]byte)     { h.release() }

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(*incoming)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	r := data.Reader()
	err := m.read(r, data.Len())
	if err != nil {
		m.drop()
	}
	return errors.Join(err, r.Close())
}

func (m *incoming) read(r *mem.Reader, size int) error {
	for r.Remaining() > 0 {
		tag, err := binary.ReadUvarint(r)
		if err != nil {
			return fmt.Errorf("read a Flight message: %w", err)
		}
		n, err := binary.ReadUvarint(r)
		if err != nil || n > uint64(r.Remaining()) {
			return fmt.Errorf("read a Flight message: a field of %d bytes in the last %d: %w", n, r.Remaining(), io.ErrUnexpectedEOF)
		}
		field, kind := protowire.DecodeTag(tag)
		if kind != protowire.BytesType {
			return fmt.Errorf("read a Flight message: field %d is of kind %d", field, kind)
		}
		if err := m.field(r, field, int(n), size); err != nil {
			return fmt.Errorf("read field %d of a Flight message: %w", field, err)
		}
	}
	if m.header != nil && m.metadata != nil && m.segment == nil {
		return m.body(r, 0) // an empty one may be left out
	}
	return nil
}

func (m *incoming) field(r *mem.Reader, field protowire.Number, n, size int) error {
	switch field {
	case fieldMetadata:
		m.metadata = make([]byte, n)
		_, err := io.ReadFull(r, m.metadata)
		return err
	case fieldHeader:
		m.header = make([]byte, n)
		_, err := io.ReadFull(r, m.header)
		return err
	case fieldBody:
		return m.body(r, n)
	}
	_, err := r.Discard(n)
	return err
}

// body puts a block together: the frame and the header, which came before,
// and the body.
func (m *incoming) body(r *mem.Reader, n int) error {
	if m.segment != nil {
		return errors.New("it comes twice")
	}
	head := frameHead + len(m.header)
	s, err := m.arena.get(head+n, false)
	if err != nil {
		return err
	}
	m.segment, m.block = s, s.data[:head+n:head+n]
	binary.LittleEndian.PutUint32(m.block, continuation)
	binary.LittleEndian.PutUint32(m.block[4:], uint32(len(m.header)))
	copy(m.block[frameHead:], m.header)
	m.crc = checksum(m.block[:head])
	const step = 32 << 10 // checked while it is in the cache
	for rest := m.block[head:]; len(rest) > 0; {
		part := rest[:min(step, len(rest))]
		if _, err := io.ReadFull(r, part); err != nil {
			return err
		}
		m.crc = crc32.Update(m.crc, castagnoli, part)
		rest = rest[len(part):]
	}
	return nil
}

// drop gives back a block that nobody took.
func (m *incoming) drop() {
	if m.segment != nil {
		m.segment.release()
		m.segment, m.block = nil, nil
	}
}
