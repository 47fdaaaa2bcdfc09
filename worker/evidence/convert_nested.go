package evidence

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// nestedConversion converts the children and puts them under the same parent.
func nestedConversion(t arrow.NestedType) (conversion, error) {
	fields := t.Fields()
	inner := make([]conversion, len(fields))
	targets := make([]arrow.Field, len(fields))
	same := true
	for i, f := range fields {
		conv, err := conversionOf(f.Type)
		if err != nil {
			return conversion{}, err
		}
		inner[i], targets[i] = conv, f
		targets[i].Type = conv.target
		same = same && conv.apply == nil
	}
	if fixed, ok := t.(*arrow.FixedSizeListType); ok {
		return fixedListConversion(fixed, inner[0], targets[0]), nil
	}
	if same {
		return conversion{target: t}, nil
	}
	target := rebuildNested(t, targets)
	return conversion{target, func(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
		return convertChildren(mem, in, target, inner)
	}}, nil
}

func rebuildNested(t arrow.NestedType, fields []arrow.Field) arrow.DataType {
	switch t := t.(type) {
	case *arrow.ListType:
		return arrow.ListOfField(fields[0])
	case *arrow.LargeListType:
		return arrow.LargeListOfField(fields[0])
	case *arrow.MapType:
		entry := fields[0].Type.(*arrow.StructType)
		m := arrow.MapOfFields(entry.Field(0), entry.Field(1))
		m.KeysSorted = t.KeysSorted
		return m
	}
	return arrow.StructOf(fields...)
}

func convertChildren(mem memory.Allocator, in arrow.Array, target arrow.DataType, inner []conversion) (arrow.Array, error) {
	data := in.Data()
	children := make([]arrow.ArrayData, 0, len(inner))
	defer func() {
		for _, c := range children {
			c.Release()
		}
	}()
	for i, conv := range inner {
		child := array.MakeFromData(data.Children()[i])
		out, err := conv.convert(mem, child)
		child.Release()
		if err != nil {
			return nil, err
		}
		out.Data().Retain()
		children = append(children, out.Data())
		out.Release()
	}
	built := array.NewData(target, data.Len(), data.Buffers(), children, data.NullN(), data.Offset())
	defer built.Release()
	return array.MakeFromData(built), nil
}

// fixedListConversion makes plain lists of lists of fixed length, because the
// Parquet writer refuses null lists that have room for values.
func fixedListConversion(t *arrow.FixedSizeListType, elem conversion, field arrow.Field) conversion {
	target := arrow.ListOfField(field)
	size := int(t.Len())
	return conversion{target, func(mem memory.Allocator, in arrow.Array) (arrow.Array, error) {
		list := in.(*array.FixedSizeList)
		values, err := presentValues(mem, list, size)
		if err != nil {
			return nil, err
		}
		defer values.Release()
		items, err := elem.convert(mem, values)
		if err != nil {
			return nil, err
		}
		defer items.Release()
		return listOfEqualLengths(mem, list, target, items, size), nil
	}}
}

// presentValues returns the values of the lists that are not null.
func presentValues(mem memory.Allocator, list *array.FixedSizeList, size int) (arrow.Array, error) {
	start := list.Data().Offset()
	if list.NullN() == 0 {
		return array.NewSlice(list.ListValues(), int64(start*size), int64((start+list.Len())*size)), nil
	}
	var parts []arrow.Array
	defer func() {
		for _, p := range parts {
			p.Release()
		}
	}()
	for i := range list.Len() {
		if list.IsValid(i) {
			from := int64((start + i) * size)
			parts = append(parts, array.NewSlice(list.ListValues(), from, from+int64(size)))
		}
	}
	if len(parts) == 0 {
		return array.NewSlice(list.ListValues(), 0, 0), nil
	}
	return array.Concatenate(parts, mem)
}

func listOfEqualLengths(mem memory.Allocator, list *array.FixedSizeList, target arrow.DataType, items arrow.Array, size int) arrow.Array {
	offsets := memory.NewResizableBuffer(mem)
	defer offsets.Release()
	offsets.Resize(arrow.Int32Traits.BytesRequired(list.Len() + 1))
	valid := memory.NewResizableBuffer(mem)
	defer valid.Release()
	valid.Resize(int(bitutil.BytesForBits(int64(list.Len()))))
	at := arrow.Int32Traits.CastFromBytes(offsets.Bytes())
	at[0] = 0
	for i := range list.Len() {
		bitutil.SetBitTo(valid.Bytes(), i, list.IsValid(i))
		at[i+1] = at[i]
		if list.IsValid(i) {
			at[i+1] += int32(size)
		}
	}
	data := array.NewData(target, list.Len(), []*memory.Buffer{valid, offsets}, []arrow.ArrayData{items.Data()}, list.NullN(), 0)
	defer data.Release()
	return array.MakeFromData(data)
}
