package engine

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	duck "github.com/duckdb/duckdb-go-bindings"
)

// listEntry is DuckDB's duckdb_list_entry.
type listEntry struct{ offset, length uint64 }

// listAppender collects lists and maps; a map is a list of key-value structs
// in both systems.
type listAppender struct {
	typ arrow.DataType
	validity
	offsets []int32
	rowsIn  int
	child   appender
}

func newListAppender(logical duck.LogicalType) (appender, error) {
	if duck.GetTypeId(logical) == duck.TypeMap {
		return newMapAppender(logical)
	}
	childType := duck.ListTypeChildType(logical)
	defer duck.DestroyLogicalType(&childType)
	child, err := newAppender(childType)
	if err != nil {
		return nil, err
	}
	return &listAppender{typ: arrow.ListOf(child.dataType()), child: child}, nil
}

func newMapAppender(logical duck.LogicalType) (appender, error) {
	keyType, valueType := duck.MapTypeKeyType(logical), duck.MapTypeValueType(logical)
	defer duck.DestroyLogicalType(&keyType)
	defer duck.DestroyLogicalType(&valueType)
	key, err := newAppender(keyType)
	if err != nil {
		return nil, err
	}
	value, err := newAppender(valueType)
	if err != nil {
		return nil, err
	}
	t := arrow.MapOf(key.dataType(), value.dataType())
	return &listAppender{typ: t, child: &structAppender{typ: t.Elem().(*arrow.StructType), children: []appender{key, value}}}, nil
}

func (a *listAppender) dataType() arrow.DataType { return a.typ }

func (a *listAppender) append(v view, from, n int) error {
	start := a.rows
	a.validity.append(v, from, n)
	entries := unsafe.Slice((*listEntry)(v.data), from+n)
	child := look(duck.ListVectorGetChild(v.vec))
	for i := range n {
		a.offsets = append(a.offsets, int32(a.rowsIn))
		if !a.valid(start+i) || entries[from+i].length == 0 {
			continue
		}
		e := entries[from+i]
		if a.rowsIn+int(e.length) > math.MaxInt32 {
			return errBatchTooLarge
		}
		if err := a.child.append(child, int(e.offset), int(e.length)); err != nil {
			return err
		}
		a.rowsIn += int(e.length)
	}
	return nil
}

func (a *listAppender) finish() arrow.Array {
	offsets := append(a.offsets, int32(a.rowsIn))
	child := a.child.finish()
	defer child.Release()
	buffers := []*memory.Buffer{a.buffer(), memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets))}
	data := array.NewData(a.typ, a.rows, buffers, []arrow.ArrayData{child.Data()}, a.nulls, 0)
	defer data.Release()
	*a = listAppender{typ: a.typ, child: a.child}
	return array.MakeFromData(data)
}

// arrayAppender collects DuckDB's fixed-size arrays as lists.
type arrayAppender struct {
	listAppender
	size int
}

func newArrayAppender(logical duck.LogicalType) (appender, error) {
	childType := duck.ArrayTypeChildType(logical)
	defer duck.DestroyLogicalType(&childType)
	child, err := newAppender(childType)
	if err != nil {
		return nil, err
	}
	list := listAppender{typ: arrow.ListOf(child.dataType()), child: child}
	return &arrayAppender{listAppender: list, size: int(duck.ArrayTypeArraySize(logical))}, nil
}

func (a *arrayAppender) append(v view, from, n int) error {
	start := a.rows
	a.validity.append(v, from, n)
	child := look(duck.ArrayVectorGetChild(v.vec))
	for i := range n {
		a.offsets = append(a.offsets, int32(a.rowsIn))
		if !a.valid(start + i) {
			continue
		}
		if err := a.child.append(child, (from+i)*a.size, a.size); err != nil {
			return err
		}
		a.rowsIn += a.size
	}
	return nil
}

// structAppender collects structs field by field.
type structAppender struct {
	typ *arrow.StructType
	validity
	children []appender
}

func newStructAppender(logical duck.LogicalType) (appender, error) {
	a := &structAppender{}
	var fields []arrow.Field
	for i := range duck.StructTypeChildCount(logical) {
		childType := duck.StructTypeChildType(logical, i)
		child, err := newAppender(childType)
		duck.DestroyLogicalType(&childType)
		name := duck.StructTypeChildName(logical, i)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", name, err)
		}
		a.children = append(a.children, child)
		fields = append(fields, arrow.Field{Name: name, Type: child.dataType(), Nullable: true})
	}
	a.typ = arrow.StructOf(fields...)
	return a, nil
}

func (a *structAppender) dataType() arrow.DataType { return a.typ }

func (a *structAppender) append(v view, from, n int) error {
	a.validity.append(v, from, n)
	for i, child := range a.children {
		if err := child.append(look(duck.StructVectorGetChild(v.vec, duck.IdxT(i))), from, n); err != nil {
			return err
		}
	}
	return nil
}

func (a *structAppender) finish() arrow.Array {
	children := make([]arrow.ArrayData, len(a.children))
	for i, child := range a.children {
		arr := child.finish()
		defer arr.Release()
		children[i] = arr.Data()
	}
	data := array.NewData(a.typ, a.rows, []*memory.Buffer{a.buffer()}, children, a.nulls, 0)
	defer data.Release()
	a.validity = validity{}
	return array.NewStructData(data)
}
