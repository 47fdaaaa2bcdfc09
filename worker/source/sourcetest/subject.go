// Package sourcetest is the conformance suite of sources: what every kind of
// source promises through package source's interfaces, put to the test.
//
// It must not know any kind of source: a Subject stores the suite's rows in
// its own format and opens them again, and the suite does the rest.
package sourcetest

import (
	"context"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/worker/recon"
	"kallad/worker/source"
)

// Subject is a kind of source under test. Its typical use is
//
//	func TestConformance(t *testing.T) {
//		sourcetest.Run(t, sourcetest.Subject{
//			Store: func(t *testing.T, rows arrow.RecordBatch) recon.URI {
//				return writeMyFormat(t, t.TempDir(), rows)
//			},
//			Opener: func(t *testing.T, mem memory.Allocator) source.Opener {
//				return myformat.New(myformat.Config{Allocator: mem})
//			},
//		})
//	}
type Subject struct {
	// Store writes rows where the opener can read them and returns their
	// address. The batch has the columns of Schema and may have no rows; the
	// types of its columns must be found out in that case, too, so a format
	// without types has to name them in the address. The batch belongs to the
	// suite; Store must not release it.
	Store func(t *testing.T, rows arrow.RecordBatch) recon.URI

	// Opener returns an opener whose batches take their memory from mem.
	Opener func(t *testing.T, mem memory.Allocator) source.Opener

	// Secrets are texts that no partition's payload may contain. The user
	// part and password of the stored URI are checked without being named.
	Secrets []string

	// Types replaces, by column name, the type that the suite expects when
	// this kind of source carries a column in another way. The values are
	// compared as text in any case.
	Types map[string]arrow.DataType

	// Unique are the sets of columns that this kind of source knows to be
	// unique in what Store stores. Most know of none.
	Unique [][]string

	// Leaks are further options for the goroutine check, such as goroutines
	// of a client that outlives a source by design.
	Leaks []goleak.Option
}

// Run puts the subject through the whole suite. The test that calls it must
// not be parallel, because the suite looks for leaked goroutines.
func Run(t *testing.T, s Subject) {
	t.Helper()
	full := newFixture(t, &s, fullRows())
	empty := newFixture(t, &s, nil)
	for _, c := range []struct {
		name string
		run  func(*testing.T, *fixture)
		on   *fixture
	}{
		{"describe", testDescribe, full},
		{"describe empty", testDescribeEmpty, empty},
		{"unique", testUnique, full},
		{"unique empty", testUnique, empty},
		{"exactly once", testExactlyOnce, full},
		{"exactly once empty", testExactlyOnce, empty},
		{"another process", testAnotherProcess, full},
		{"all at once", testAllAtOnce, full},
		{"batch rows", testBatchRows, full},
		{"projection", testProjection, full},
		{"no columns", testNoColumns, full},
		{"no columns empty", testNoColumns, empty},
		{"unknown column", testUnknownColumn, full},
		{"filters", testFilters, full},
		{"filters empty", testFilters, empty},
		{"bad filters", testBadFilters, full},
		{"cancel", testCancel, full},
		{"cancelled before", testCancelledBefore, full},
		{"close early", testCloseEarly, full},
		{"close source", testCloseSource, full},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, c.on) })
	}
}

// fixture is one stored data set and the rows that it must give.
type fixture struct {
	subject *Subject
	uri     recon.URI
	rows    []row
}

func newFixture(t *testing.T, s *Subject, rows []row) *fixture {
	t.Helper()
	batch := newBatch(rows)
	defer batch.Release()
	return &fixture{subject: s, uri: s.Store(t, batch), rows: rows}
}

// open opens the fixture for one subtest, and at its end closes the source
// and checks that no memory and no goroutine is left.
func (f *fixture) open(t *testing.T) source.Source {
	t.Helper()
	before := append([]goleak.Option{goleak.IgnoreCurrent()}, f.subject.Leaks...)
	t.Cleanup(func() { goleak.VerifyNone(t, before...) })
	return f.openOnly(t)
}

// openOnly is open without the goroutine check, for a second source beside
// one that has it.
func (f *fixture) openOnly(t *testing.T) source.Source {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	src, err := f.subject.Opener(t, mem).Open(context.Background(), f.uri)
	require.NoError(t, err, "open %s", f.uri)
	t.Cleanup(func() { require.NoError(t, src.Close(), "close source") })
	return src
}
