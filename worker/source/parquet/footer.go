package parquet

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet/metadata"

	"kallad/worker/blob"
)

const (
	magic          = "PAR1"
	magicEncrypted = "PARE"
	// tailBytes ends a file: the footer's length and the magic.
	tailBytes = 8
	// footerGuess is read from a file's end at first; it takes in most footers.
	footerGuess = 64 << 10
)

// fileID names one version of one file.
type fileID struct {
	URI     string `json:"uri"`
	Version string `json:"version"`
}

// footer is what a file says of itself, and never changes.
type footer struct {
	id      fileID
	size    int64
	meta    *metadata.FileMetaData
	columns []column
	notes   []string
}

// readFooter reads and checks the end of a file.
func readFooter(ctx context.Context, store blob.Store, id fileID) (f *footer, err error) {
	obj, err := store.OpenVersion(ctx, id.URI, id.Version)
	if err != nil {
		return nil, readError(id.URI, err)
	}
	defer func() { err = errors.Join(err, obj.Close()) }()
	f = &footer{id: id, size: obj.Info().Size}
	raw, err := footerBytes(ctx, obj, id.URI)
	if err != nil {
		return nil, err
	}
	err = guard(func() error {
		if f.meta, err = metadata.NewFileMetaData(raw, nil); err != nil {
			return err
		}
		f.meta.SetSourceFileSize(f.size)
		// Only the types of the file itself count.
		f.meta.FileMetaData.KeyValueMetadata = nil
		if err = f.checkGroups(); err != nil {
			return err
		}
		f.columns, f.notes, err = columnsOf(f.meta.Schema)
		return err
	})
	if err != nil {
		return nil, contentError(id.URI, "the Parquet footer cannot be understood: %w", err)
	}
	return f, nil
}

// checkGroups holds the row groups' own figures against each other.
func (f *footer) checkGroups() error {
	var rows int64
	for i, g := range f.meta.RowGroups {
		if g.NumRows < 0 || len(g.Columns) != f.meta.Schema.NumColumns() {
			return fmt.Errorf("row group %d has %d rows and %d columns, the schema has %d columns", i, g.NumRows, len(g.Columns), f.meta.Schema.NumColumns())
		}
		rows += g.NumRows
	}
	if rows != f.meta.GetNumRows() {
		return fmt.Errorf("the row groups have %d rows together, the file claims %d", rows, f.meta.GetNumRows())
	}
	return nil
}

// footerBytes returns the footer alone, mostly with a single read.
func footerBytes(ctx context.Context, obj blob.Object, uri string) ([]byte, error) {
	size := obj.Info().Size
	if size < int64(len(magic))+tailBytes {
		return nil, contentError(uri, "not a Parquet file: it has only %d bytes", size)
	}
	end, err := readEnd(ctx, obj, min(size, footerGuess))
	if err != nil {
		return nil, readError(uri, err)
	}
	tail := end[len(end)-tailBytes:]
	switch string(tail[4:]) {
	case magic:
	case magicEncrypted:
		return nil, contentError(uri, "the file is encrypted, and no key can be given: write it without encryption")
	default:
		return nil, contentError(uri, "not a Parquet file, or one that was cut off: it does not end in %s", magic)
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if length+tailBytes+int64(len(magic)) > size {
		return nil, contentError(uri, "the file is broken: its footer would have %d bytes, the file has %d", length, size)
	}
	if length+tailBytes > int64(len(end)) {
		if end, err = readEnd(ctx, obj, length+tailBytes); err != nil {
			return nil, readError(uri, err)
		}
	}
	return end[int64(len(end))-tailBytes-length : len(end)-tailBytes], nil
}

func readEnd(ctx context.Context, obj blob.Object, n int64) ([]byte, error) {
	buf := make([]byte, n)
	got, err := obj.ReadAt(ctx, buf, obj.Info().Size-n)
	if got == len(buf) {
		return buf, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = fmt.Errorf("the file's last %d bytes: %w", n, io.ErrUnexpectedEOF)
	}
	return nil, err
}

// rows is the number of rows of a row group.
func (f *footer) rows(group int) int64 { return f.meta.RowGroup(group).NumRows() }
