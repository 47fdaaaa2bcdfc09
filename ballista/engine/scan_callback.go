package engine

import "C"

import (
	"fmt"
	"runtime/debug"
	"unsafe"

	duck "github.com/duckdb/duckdb-go-bindings"
)

// The functions below are called by DuckDB, on its threads. A panic must not
// cross them: it would take the process down with a C stack in between.

//export kalladScanBind
func kalladScanBind(ptr unsafe.Pointer) {
	info := duck.BindInfo{Ptr: ptr}
	defer recovered(func(err error) { duck.BindSetError(info, err.Error()) })
	set := valueOf(duck.BindGetExtraInfo(info)).(*scanSet)
	param := duck.BindGetParameter(info, 0)
	id := duck.GetInt64(param)
	duck.DestroyValue(&param)
	scan := set.get(id)
	if scan == nil {
		duck.BindSetError(info, fmt.Sprintf("%s: no such input", scanFunction))
		return
	}
	for _, f := range scan.in.Schema.Fields() {
		logical, err := logicalType(f.Type)
		if err != nil {
			scan.fail(fmt.Errorf("column %q: %w", f.Name, err))
			duck.BindSetError(info, err.Error())
			return
		}
		duck.BindAddResultColumn(info, f.Name, logical)
		duck.DestroyLogicalType(&logical)
	}
	if scan.in.Rows > 0 {
		// Which side of a join is kept in memory hangs on it.
		duck.BindSetCardinality(info, duck.IdxT(scan.in.Rows), true)
	}
	duck.BindSetBindData(info, newHandle(scan), releaseCallback())
}

//export kalladScanInit
func kalladScanInit(ptr unsafe.Pointer) {
	info := duck.InitInfo{Ptr: ptr}
	scan := valueOf(duck.InitGetBindData(info)).(*scan)
	if !scan.start() {
		err := fmt.Errorf("internal error: an input that can be read once is read again")
		scan.fail(err)
		duck.InitSetError(info, err.Error())
		return
	}
	duck.InitSetMaxThreads(info, duck.IdxT(max(1, scan.in.Partitions)))
}

//export kalladScanLocalInit
func kalladScanLocalInit(ptr unsafe.Pointer) {
	info := duck.InitInfo{Ptr: ptr}
	scan := valueOf(duck.InitGetBindData(info)).(*scan)
	thread := &scanThread{scan: scan, distinct: scan.in.Distinct.gatherer(scan.in.Schema)}
	for _, f := range scan.in.Schema.Fields() {
		w, err := newWriter(f.Type)
		if err != nil {
			duck.InitSetError(info, err.Error())
			return
		}
		thread.writers = append(thread.writers, w)
	}
	duck.InitSetInitData(info, newHandle(thread), releaseCallback())
}

//export kalladScanRun
func kalladScanRun(ptr, output unsafe.Pointer) {
	info := duck.FunctionInfo{Ptr: ptr}
	thread := valueOf(duck.FunctionGetLocalInitData(info)).(*scanThread)
	defer recovered(func(err error) {
		thread.scan.fail(err)
		duck.FunctionSetError(info, err.Error())
	})
	if err := thread.fill(duck.DataChunk{Ptr: output}); err != nil {
		thread.scan.fail(err)
		duck.FunctionSetError(info, "reading an input ended early")
	}
}

//export kalladScanRelease
func kalladScanRelease(ptr unsafe.Pointer) {
	if thread, ok := valueOf(ptr).(*scanThread); ok {
		thread.release()
	}
	deleteHandle(ptr)
}

// PanicError is a panic while an input was read.
type PanicError struct {
	Value any
	stack []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("internal error: panic while reading an input: %v", e.Value)
}

// PanicStack is where it happened, for the log.
func (e *PanicError) PanicStack() string { return string(e.stack) }

func recovered(report func(error)) {
	if r := recover(); r != nil {
		report(&PanicError{Value: r, stack: debug.Stack()})
	}
}
