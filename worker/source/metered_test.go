package source_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source"
)

// fixed is a source of given batches, of which the last may be an error.
type fixed struct {
	batches []arrow.RecordBatch
	err     error
}

func (f *fixed) Open(context.Context, recon.URI) (source.Source, error) { return f, nil }
func (f *fixed) Check(recon.URI) error                                  { return errors.New("not there") }
func (f *fixed) Describe(context.Context) (*source.Description, error)  { return nil, nil }
func (f *fixed) Close() error                                           { return nil }
func (f *fixed) Split(context.Context, source.Scan, int) ([]source.Partition, error) {
	return nil, nil
}

func (f *fixed) Read(context.Context, source.Scan, source.Partition) (source.Batches, error) {
	return f, nil
}

func (f *fixed) Next(context.Context) (arrow.RecordBatch, error) {
	if len(f.batches) == 0 {
		return nil, f.err
	}
	next := f.batches[0]
	f.batches = f.batches[1:]
	return next, nil
}

// tally adds up what a meter is told.
type tally struct {
	rows, bytes  int64
	took         time.Duration
	done, failed int
}

func (m *tally) ObserveBatch(_ string, rows, bytes int64, took time.Duration) {
	m.rows, m.bytes, m.took = m.rows+rows, m.bytes+bytes, m.took+took
}

func (m *tally) ObserveRead(_ string, ok bool) {
	if ok {
		m.done++
	} else {
		m.failed++
	}
}

func TestMeteredCountsWhatIsRead(t *testing.T) {
	t.Parallel()
	schema := arrow.NewSchema([]arrow.Field{{Name: "i", Type: arrow.PrimitiveTypes.Int64}, {Name: "s", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "b", Type: arrow.FixedWidthTypes.Boolean}}, nil)
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	whole, _, err := array.RecordFromJSON(mem, schema, strings.NewReader(`[{"i": 1, "s": "four", "b": true}, {"i": 2, "s": null, "b": false}, {"i": 3, "s": "xx", "b": true}]`))
	require.NoError(t, err)
	slice := whole.NewSlice(1, 3)
	for end, want := range map[error]tally{io.EOF: {rows: 5, bytes: 3*8 + 3*4 + 6 + 1 + 2*8 + 2*4 + 2 + 1, done: 1}, errors.New("torn"): {rows: 5, bytes: 3*8 + 3*4 + 6 + 1 + 2*8 + 2*4 + 2 + 1, failed: 1}} {
		got := tally{}
		opener := source.Metered(&fixed{batches: []arrow.RecordBatch{whole, slice}, err: end}, "csv", &got)
		src, err := opener.Open(t.Context(), "x.csv")
		require.NoError(t, err)
		batches, err := src.Read(t.Context(), source.Scan{}, source.Partition{})
		require.NoError(t, err)
		for err == nil {
			_, err = batches.Next(t.Context())
		}
		require.ErrorIs(t, err, end)
		_, err = batches.Next(t.Context())
		require.ErrorIs(t, err, end)
		got.took = 0
		assert.Equal(t, want, got, "the end is counted once, and a slice as what it shows")
	}
	slice.Release()
	whole.Release()
}

func TestMeteredOpenersAreStillChecked(t *testing.T) {
	t.Parallel()
	r := source.NewRegistry()
	r.AddScheme("postgres", source.Metered(&fixed{}, "postgres", &tally{}))
	assert.ErrorContains(t, r.Check("postgres://h/d?table=t"), "not there")
}
