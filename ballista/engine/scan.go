package engine

/*
#include <stdint.h>
#include <stdlib.h>

void kalladScanBind(void *);
void kalladScanInit(void *);
void kalladScanLocalInit(void *);
void kalladScanRun(void *, void *);
void kalladScanRelease(void *);

typedef void (*kallad_info_t)(void *);
typedef void (*kallad_run_t)(void *, void *, void *);

// A handle travels in memory of C's: a Go stack must not hold a small number
// as a pointer.
static void *kallad_handle(uintptr_t h) {
	uintptr_t *place = malloc(sizeof *place);
	*place = h;
	return place;
}

static uintptr_t kallad_handle_of(void *place) { return *(uintptr_t *)place; }
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/cgo"
	"sync"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	duck "github.com/duckdb/duckdb-go-bindings"
)

// scanFunction is the table function through which batches enter a session.
const scanFunction = "kallad_scan"

// Batches is a stream of Arrow batches of one schema, used by one goroutine at
// a time. Next returns io.EOF after the last batch; the receiver releases it.
type Batches interface {
	Next(ctx context.Context) (arrow.RecordBatch, error)
	Close() error
}

// Input is a table's content on its way in: partitions that are opened when a
// thread is free to read them, each once.
type Input struct {
	// Schema is that of every batch.
	Schema *arrow.Schema
	// Partitions is how many there are.
	Partitions int
	// Open opens one of them; the engine closes it.
	Open func(ctx context.Context, partition int) (Batches, error)
	// Rows is how many rows there are, 0 when unknown.
	Rows int64
	// OnRows, when set, is told of rows that were taken over. It is called
	// from several threads.
	OnRows func(partition, rows int)
	// Distinct, when set, is told of them, too, and settled by CreateTable.
	Distinct *Distinct
}

// CreateTable reads the whole input into a new table, with as many threads as
// the session has, in bounded memory, and returns its number of rows. An error
// of the input comes back as it was returned.
func (s *Session) CreateTable(ctx context.Context, name string, in Input) (rows int64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	scan := &scan{ctx: ctx, cancel: cancel, in: in}
	id := s.scans.add(scan)
	defer s.scans.remove(id)
	if in.Distinct != nil {
		in.Distinct.room = s.memoryLimit / distinctShare
		defer in.Distinct.drop()
	}
	err = s.Exec(ctx, fmt.Sprintf("CREATE TABLE %s AS SELECT * FROM %s(%d)", Quote(name), scanFunction, id))
	if cause := scan.failure(); cause != nil {
		return 0, cause
	}
	if err != nil {
		return 0, fmt.Errorf("load table %q: %w", name, err)
	}
	rows = scan.taken()
	in.Distinct.settle(rows, s.threads)
	return rows, nil
}

// scan is one running CreateTable.
type scan struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	in     Input

	mu      sync.Mutex
	started bool
	next    int
	ended   int
	rows    int64
	err     error
}

// start reports whether this is the first reading.
func (s *scan) start() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := !s.started
	s.started = true
	return first
}

// claim returns the next partition that nobody reads yet.
func (s *scan) claim() (partition int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next >= s.in.Partitions || s.err != nil {
		return 0, false
	}
	s.next++
	return s.next - 1, true
}

// end notes that a partition was read to its end.
func (s *scan) end() {
	s.mu.Lock()
	s.ended++
	s.mu.Unlock()
}

// complete reports whether every partition was read to its end.
func (s *scan) complete() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err == nil && s.ended == s.in.Partitions
}

// fail keeps the first error and stops the other threads' reading.
func (s *scan) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
		s.cancel(err)
	}
}

func (s *scan) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *scan) count(partition, rows int) {
	s.mu.Lock()
	s.rows += int64(rows)
	s.mu.Unlock()
	if s.in.OnRows != nil {
		s.in.OnRows(partition, rows)
	}
}

func (s *scan) taken() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows
}

// scanThread is one thread's part in a scan.
type scanThread struct {
	scan      *scan
	partition int
	batches   Batches
	batch     arrow.RecordBatch
	offset    int
	writers   []writer
	// distinct looks at the rows as they are in DuckDB's vectors; nil if nobody
	// wants that.
	distinct *gatherer
}

// fill writes up to one vector of rows into a chunk; 0 rows end the thread.
func (t *scanThread) fill(chunk duck.DataChunk) error {
	for t.batch == nil || t.offset >= int(t.batch.NumRows()) {
		if more, err := t.advance(); err != nil || !more {
			duck.DataChunkSetSize(chunk, 0)
			if t.distinct != nil {
				t.distinct.flush()
			}
			return err
		}
	}
	n := min(int(t.batch.NumRows())-t.offset, int(duck.VectorSize()))
	for i, w := range t.writers {
		if err := w(duck.DataChunkGetVector(chunk, duck.IdxT(i)), t.batch.Column(i), t.offset, n); err != nil {
			return fmt.Errorf("column %q: %w", t.scan.in.Schema.Field(i).Name, err)
		}
	}
	duck.DataChunkSetSize(chunk, duck.IdxT(n))
	if t.distinct != nil {
		t.distinct.add(chunk, n)
	}
	t.offset += n
	t.scan.count(t.partition, n)
	return nil
}

// advance gets the next batch, of this or of the next free partition.
func (t *scanThread) advance() (more bool, err error) {
	t.dropBatch()
	for {
		if t.batches == nil {
			partition, ok := t.scan.claim()
			if !ok {
				return false, nil
			}
			if t.batches, err = t.scan.in.Open(t.scan.ctx, partition); err != nil {
				return false, err
			}
			t.partition = partition
		}
		batch, err := t.batches.Next(t.scan.ctx)
		if err == nil {
			t.batch, t.offset = batch, 0
			return true, nil
		}
		closeErr := t.batches.Close()
		t.batches = nil
		if !errors.Is(err, io.EOF) {
			return false, err
		}
		if closeErr != nil {
			return false, closeErr
		}
		t.scan.end()
	}
}

func (t *scanThread) dropBatch() {
	if t.batch != nil {
		t.batch.Release()
		t.batch = nil
	}
}

func (t *scanThread) release() {
	t.dropBatch()
	if t.batches != nil {
		// The scan's outcome is settled by now; a stream that was stopped
		// in the middle has nothing more to say.
		_ = t.batches.Close()
		t.batches = nil
	}
}

// scanSet is the scans of one session, found by the number in their SQL.
type scanSet struct {
	handle unsafe.Pointer // of the set, see newHandle
	mu     sync.Mutex
	last   int64
	scans  map[int64]*scan
}

func (s *scanSet) register(conn duck.Connection) {
	s.scans = map[int64]*scan{}
	s.handle = newHandle(s)
	f := duck.CreateTableFunction()
	defer duck.DestroyTableFunction(&f)
	duck.TableFunctionSetName(f, scanFunction)
	id := duck.CreateLogicalType(duck.TypeBigInt)
	duck.TableFunctionAddParameter(f, id)
	duck.DestroyLogicalType(&id)
	duck.TableFunctionSetExtraInfo(f, s.handle, nil)
	duck.TableFunctionSetBind(f, unsafe.Pointer(C.kallad_info_t(C.kalladScanBind)))
	duck.TableFunctionSetInit(f, unsafe.Pointer(C.kallad_info_t(C.kalladScanInit)))
	duck.TableFunctionSetLocalInit(f, unsafe.Pointer(C.kallad_info_t(C.kalladScanLocalInit)))
	duck.TableFunctionSetFunction(f, unsafe.Pointer(C.kallad_run_t(C.kalladScanRun)))
	duck.RegisterTableFunction(conn, f)
}

func (s *scanSet) release() {
	if s.handle != nil {
		deleteHandle(s.handle)
		s.handle = nil
	}
}

func (s *scanSet) add(sc *scan) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.scans[s.last] = sc
	return s.last
}

func (s *scanSet) remove(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.scans, id)
}

func (s *scanSet) get(id int64) *scan {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.scans[id]
}

// newHandle makes what C may keep in the place of v, until deleteHandle.
func newHandle(v any) unsafe.Pointer { return C.kallad_handle(C.uintptr_t(cgo.NewHandle(v))) }

func valueOf(handle unsafe.Pointer) any { return cgo.Handle(C.kallad_handle_of(handle)).Value() }

func deleteHandle(handle unsafe.Pointer) {
	cgo.Handle(C.kallad_handle_of(handle)).Delete()
	C.free(handle)
}

func releaseCallback() unsafe.Pointer { return unsafe.Pointer(C.kallad_info_t(C.kalladScanRelease)) }
