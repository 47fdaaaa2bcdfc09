package shuffle

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	flatbuffers "github.com/google/flatbuffers/go"
)

// layout is how record batches of one schema look as blocks.
//
// A block is Arrow's encapsulated message: the continuation mark, the length
// of the metadata, the metadata (a flatbuffer), the body. All metadata of one
// schema has the same shape and differs in a few numbers only, so it is built
// once and then copied and filled in. A reader holds what it gets against the
// same template, and so needs no parser that could be led astray.
type layout struct {
	schema *arrow.Schema
	fields []*field
	// head is the schema as an encapsulated message.
	head []byte
	// template is everything before the body, its numbers zero.
	template []byte
	// The places of the numbers in the template.
	rowsAt, bodyAt, nodesAt, buffersAt int
	// nodes and buffers are how many there are in all.
	nodes, buffers int
}

// kind says which buffers an array has.
type kind int

const (
	kindNull   kind = iota // none
	kindFixed              // validity, values of width bytes
	kindBits               // validity, values of one bit
	kindBytes              // validity, offsets of width bytes, values
	kindList               // validity, offsets of width bytes; one child
	kindStruct             // validity; children
	kindArray              // validity; one child with size values a row
)

// field is a column, or a part of one, in the order of the IPC format: each
// before its children.
type field struct {
	kind kind
	// typ is the type of the array, storage what it is kept as.
	typ, storage arrow.DataType
	// width is that of a value or an offset, size that of a row's list of
	// values, where the type has one.
	width, size int
	// node and buffer are the numbers of its node and of its first buffer.
	node, buffer int
	children     []*field
}

var bufferCount = map[kind]int{kindFixed: 2, kindBits: 2, kindBytes: 3, kindList: 2, kindStruct: 1, kindArray: 1}

// bodyAlign is what a block's length, and the place of every buffer in it, is
// a multiple of.
const bodyAlign = 8

const (
	continuation = 0xFFFFFFFF
	frameHead    = 8 // continuation and length of the metadata
)

func newLayout(schema *arrow.Schema) (*layout, error) {
	l := &layout{schema: schema}
	for _, f := range schema.Fields() {
		column, err := l.field(f.Type)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
		l.fields = append(l.fields, column)
	}
	p := ipc.GetSchemaPayload(schema, memory.DefaultAllocator)
	defer p.Release()
	meta := p.Meta()
	defer meta.Release()
	l.head = encapsulate(meta.Bytes())
	l.build()
	return l, nil
}

func (l *layout) field(t arrow.DataType) (*field, error) {
	f := &field{typ: t, storage: t}
	for {
		ext, ok := f.storage.(arrow.ExtensionType)
		if !ok {
			break
		}
		f.storage = ext.StorageType()
	}
	var children []arrow.DataType
	switch t := f.storage.(type) {
	case *arrow.NullType:
		f.kind = kindNull
	case *arrow.BooleanType:
		f.kind = kindBits
	case *arrow.StringType, *arrow.BinaryType:
		f.kind, f.width = kindBytes, 4
	case *arrow.LargeStringType, *arrow.LargeBinaryType:
		f.kind, f.width = kindBytes, 8
	case *arrow.ListType:
		f.kind, f.width, children = kindList, 4, []arrow.DataType{t.Elem()}
	case *arrow.MapType:
		f.kind, f.width, children = kindList, 4, []arrow.DataType{t.Elem()}
	case *arrow.LargeListType:
		f.kind, f.width, children = kindList, 8, []arrow.DataType{t.Elem()}
	case *arrow.FixedSizeListType:
		f.kind, f.size, children = kindArray, int(t.Len()), []arrow.DataType{t.Elem()}
	case *arrow.StructType:
		f.kind = kindStruct
		for _, child := range t.Fields() {
			children = append(children, child.Type)
		}
	case *arrow.DictionaryType:
		return nil, fmt.Errorf("cannot keep Arrow type %s between stages", t)
	case arrow.FixedWidthDataType:
		if t.BitWidth()%8 != 0 || t.BitWidth() == 0 {
			return nil, fmt.Errorf("cannot keep Arrow type %s between stages", t)
		}
		f.kind, f.width = kindFixed, t.BitWidth()/8
	default:
		return nil, fmt.Errorf("cannot keep Arrow type %s between stages", t)
	}
	f.node, f.buffer = l.nodes, l.buffers
	l.nodes++
	l.buffers += bufferCount[f.kind]
	for _, t := range children {
		child, err := l.field(t)
		if err != nil {
			return nil, err
		}
		f.children = append(f.children, child)
	}
	return f, nil
}

// build makes the template. The field numbers are those of Message and
// RecordBatch in Arrow's Message.fbs.
func (l *layout) build() {
	const (
		version5          = 4
		headerRecordBatch = 3
		absent            = -1 // a default, which would be left out
	)
	b := flatbuffers.NewBuilder(256 + 16*(l.nodes+l.buffers))
	zeros := func(n int) flatbuffers.UOffsetT {
		b.StartVector(16, n, 8)
		for range 2 * n {
			b.PrependInt64(0)
		}
		return b.EndVector(n)
	}
	buffers := zeros(l.buffers)
	nodes := zeros(l.nodes)
	b.StartObject(3)
	b.PrependInt64Slot(0, 0, absent)
	b.PrependUOffsetTSlot(1, nodes, 0)
	b.PrependUOffsetTSlot(2, buffers, 0)
	batch := b.EndObject()
	b.StartObject(4)
	b.PrependInt16Slot(0, version5, 0)
	b.PrependByteSlot(1, headerRecordBatch, 0)
	b.PrependUOffsetTSlot(2, batch, 0)
	b.PrependInt64Slot(3, 0, absent)
	b.Finish(b.EndObject())
	message := b.FinishedBytes()

	slot := func(t flatbuffers.Table, n int) flatbuffers.UOffsetT {
		return t.Pos + flatbuffers.UOffsetT(t.Offset(flatbuffers.VOffsetT(4+2*n)))
	}
	root := flatbuffers.Table{Bytes: message, Pos: flatbuffers.GetUOffsetT(message)}
	inner := flatbuffers.Table{Bytes: message, Pos: root.Indirect(slot(root, 2))}
	l.bodyAt = frameHead + int(slot(root, 3))
	l.rowsAt = frameHead + int(slot(inner, 0))
	l.nodesAt = frameHead + int(inner.Vector(slot(inner, 1)-inner.Pos))
	l.buffersAt = frameHead + int(inner.Vector(slot(inner, 2)-inner.Pos))
	l.template = encapsulate(message)
}

// encapsulate puts an IPC message's metadata into its frame.
func encapsulate(meta []byte) []byte {
	size := pad(len(meta))
	out := make([]byte, frameHead+size)
	binary.LittleEndian.PutUint32(out, continuation)
	binary.LittleEndian.PutUint32(out[4:], uint32(size))
	copy(out[frameHead:], meta)
	return out
}

func pad(n int) int { return (n + bodyAlign - 1) &^ (bodyAlign - 1) }

// extent is a buffer's place in a body.
type extent struct{ at, length int }

// node is a field's number of rows and nulls.
type node struct{ rows, nulls int }

// fillIn writes the template of one block in front of its body.
func (l *layout) fillIn(dst []byte, rows, body int, nodes []node, buffers []extent) {
	copy(dst, l.template)
	put := func(at, v int) { binary.LittleEndian.PutUint64(dst[at:], uint64(v)) }
	put(l.rowsAt, rows)
	put(l.bodyAt, body)
	for i, n := range nodes {
		put(l.nodesAt+16*i, n.rows)
		put(l.nodesAt+16*i+8, n.nulls)
	}
	for i, e := range buffers {
		put(l.buffersAt+16*i, e.at)
		put(l.buffersAt+16*i+8, e.length)
	}
}
