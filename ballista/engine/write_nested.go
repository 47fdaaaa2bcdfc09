package engine

import (
	"fmt"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	duck "github.com/duckdb/duckdb-go-bindings"
)

func structWriter(t *arrow.StructType) (writer, error) {
	children := make([]writer, t.NumFields())
	for i, f := range t.Fields() {
		w, err := newWriter(f.Type)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", f.Name, err)
		}
		children[i] = w
	}
	return func(vec duck.Vector, arr arrow.Array, from, n int) error {
		writeValidity(vec, arr, from, n)
		for i, w := range children {
			if err := w(duck.StructVectorGetChild(vec, duck.IdxT(i)), arr.(*array.Struct).Field(i), from, n); err != nil {
				return fmt.Errorf("field %q: %w", t.Field(i).Name, err)
			}
		}
		return nil
	}, nil
}

// listWriter writes lists, fixed-size lists and maps; the child values of n
// consecutive lists are themselves consecutive.
func listWriter(t arrow.ListLikeType) (writer, error) {
	child, err := newWriter(t.Elem())
	if err != nil {
		return nil, fmt.Errorf("list of %s: %w", t.Elem(), err)
	}
	return func(vec duck.Vector, arr arrow.Array, from, n int) error {
		writeValidity(vec, arr, from, n)
		if n == 0 {
			return nil
		}
		list := arr.(array.ListLike)
		first, _ := list.ValueOffsets(from)
		_, last := list.ValueOffsets(from + n - 1)
		entries := unsafe.Slice((*listEntry)(duck.VectorGetData(vec)), n)
		for i := range entries {
			start, end := list.ValueOffsets(from + i)
			entries[i] = listEntry{offset: uint64(start - first), length: uint64(end - start)}
		}
		total := int(last - first)
		if duck.ListVectorReserve(vec, duck.IdxT(total)) == duck.StateError ||
			duck.ListVectorSetSize(vec, duck.IdxT(total)) == duck.StateError {
			return fmt.Errorf("no room for %d list values", total)
		}
		if total == 0 {
			return nil
		}
		return child(duck.ListVectorGetChild(vec), list.ListValues(), int(first), total)
	}, nil
}
