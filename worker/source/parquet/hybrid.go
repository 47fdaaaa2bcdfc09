package parquet

import (
	"encoding/binary"
	"fmt"
	"io"
)

// decodeHybrid decodes Parquet's mix of repeated and bit-packed runs of values
// of width bits until out is full.
func decodeHybrid(src []byte, width int, out []int32) error {
	if width > 32 {
		return fmt.Errorf("values of %d bits", width)
	}
	for len(out) > 0 {
		header, n := binary.Uvarint(src)
		if n <= 0 {
			return io.ErrUnexpectedEOF
		}
		src = src[n:]
		var err error
		if header&1 == 0 {
			src, out, err = repeated(src, width, header>>1, out)
		} else {
			src, out, err = packed(src, width, header>>1, out)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// repeated decodes a run of one value. It returns what is left of both.
func repeated(src []byte, width int, count uint64, out []int32) ([]byte, []int32, error) {
	size := (width + 7) / 8
	if len(src) < size {
		return nil, nil, io.ErrUnexpectedEOF
	}
	var value uint32
	for i := range size {
		value |= uint32(src[i]) << (8 * i)
	}
	run := out[:min(uint64(len(out)), count)]
	for i := range run {
		run[i] = int32(value)
	}
	return src[size:], out[len(run):], nil
}

// packed decodes groups of eight values, little endian, lowest bit first.
func packed(src []byte, width int, groups uint64, out []int32) ([]byte, []int32, error) {
	if groups > 1<<32 {
		return nil, nil, io.ErrUnexpectedEOF
	}
	values := min(uint64(len(out)), groups*8)
	size := groups * uint64(width)
	// The last run of a page may leave out the bytes that nobody needs.
	if need := (values*uint64(width) + 7) / 8; need > uint64(len(src)) {
		return nil, nil, io.ErrUnexpectedEOF
	}
	mask := uint64(1)<<width - 1
	var acc uint64
	var held int
	at := 0
	for i := range out[:values] {
		for held < width {
			acc |= uint64(src[at]) << held
			at++
			held += 8
		}
		out[i] = int32(acc & mask)
		acc >>= width
		held -= width
	}
	return src[min(size, uint64(len(src))):], out[values:], nil
}

// allOnes reports whether levels of one bit are a single run of ones.
func allOnes(levels []byte, rows int) bool {
	header, n := binary.Uvarint(levels)
	return n > 0 && header&1 == 0 && header>>1 >= uint64(rows) && len(levels) > n && levels[n] == 1
}
