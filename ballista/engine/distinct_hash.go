package engine

import (
	"hash/maphash"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	duck "github.com/duckdb/duckdb-go-bindings"
)

// gatherer makes the hashes of the rows that one thread brings.
type gatherer struct {
	to      *Distinct
	columns []int
	hashers []hasher
	// views are the columns of the current vectors, hashes those of its rows.
	views  []view
	hashes []uint64
	// held are the hashes of rows without a null that are not kept yet, rows
	// how many rows there were with them.
	held []uint64
	rows int64
}

// add looks at the first n rows of a chunk that was just filled.
func (g *gatherer) add(chunk duck.DataChunk, n int) {
	g.rows += int64(n)
	if g.to.over.Load() {
		return
	}
	if cap(g.hashes) < n {
		g.hashes = make([]uint64, n)
	}
	hashes := g.hashes[:n]
	for i := range hashes {
		hashes[i] = hashSeed
	}
	g.views = g.views[:0]
	full := true
	for i, at := range g.columns {
		v := look(duck.DataChunkGetVector(chunk, duck.IdxT(at)))
		g.hashers[i](v, hashes)
		g.views = append(g.views, v)
		full = full && v.mask == nil
	}
	if full {
		g.held = append(g.held, hashes...)
	} else {
		g.addValid(hashes)
	}
	if len(g.held) >= hashBlockRows {
		g.flush()
	}
}

// addValid adds the hashes of rows without a null.
func (g *gatherer) addValid(hashes []uint64) {
rows:
	for i, h := range hashes {
		for _, v := range g.views {
			if !v.valid(i) {
				continue rows
			}
		}
		g.held = append(g.held, h)
	}
}

// flush hands over what is held.
func (g *gatherer) flush() {
	g.to.keep(g.held, g.rows)
	g.held, g.rows = g.held[:0], 0
}

// A hasher mixes a column's values into the hashes of their rows. Values that
// DuckDB calls equal have one hash; what is at the place of a null does not
// matter.
type hasher func(v view, hashes []uint64)

const hashSeed = 0x9e3779b97f4a7c15

// textSeed makes hashes of texts that nobody can foresee.
var textSeed = maphash.MakeSeed()

// hasherOf returns the hasher of a column; nil for types of which equal values
// can have several forms, such as 0.0 and -0.0.
func hasherOf(t arrow.DataType) hasher {
	switch t := t.(type) {
	case *arrow.DictionaryType:
		return hasherOf(t.ValueType)
	case *arrow.Decimal128Type:
		return fixedHasher(decimalWidth(t.Precision))
	}
	id, _ := scalarTypeID(t)
	switch id {
	case duck.TypeVarchar, duck.TypeBlob:
		return hashTexts
	case duck.TypeBoolean, duck.TypeTinyInt, duck.TypeUTinyInt:
		return fixedHasher(1)
	case duck.TypeSmallInt, duck.TypeUSmallInt:
		return fixedHasher(2)
	case duck.TypeInteger, duck.TypeUInteger, duck.TypeDate:
		return fixedHasher(4)
	case duck.TypeBigInt, duck.TypeUBigInt, duck.TypeTime,
		duck.TypeTimestamp, duck.TypeTimestampS, duck.TypeTimestampMS, duck.TypeTimestampNS, duck.TypeTimestampTZ:
		return fixedHasher(8)
	case duck.TypeUUID:
		return fixedHasher(16)
	}
	return nil
}

func hashTexts(v view, hashes []uint64) {
	texts := unsafe.Slice((*duckString)(v.data), len(hashes))
	for i := range hashes {
		if v.valid(i) { // the place of a null may hold an address of nothing
			hashes[i] = mix(hashes[i] ^ maphash.Bytes(textSeed, texts[i].bytes()))
		}
	}
}

func fixedHasher(width int) hasher {
	switch width {
	case 1:
		return hashFixed[uint8]
	case 2:
		return hashFixed[uint16]
	case 4:
		return hashFixed[uint32]
	case 8:
		return hashFixed[uint64]
	}
	return func(v view, hashes []uint64) {
		values := unsafe.Slice((*[2]uint64)(v.data), len(hashes))
		for i := range hashes {
			hashes[i] = mix(mix(hashes[i]^values[i][0]) ^ values[i][1])
		}
	}
}

func hashFixed[T uint8 | uint16 | uint32 | uint64](v view, hashes []uint64) {
	values := unsafe.Slice((*T)(v.data), len(hashes))
	for i := range hashes {
		hashes[i] = mix(hashes[i] ^ uint64(values[i]))
	}
}

// mix is the finalizer of splitmix64: it gives each number another one, and
// spreads them.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
