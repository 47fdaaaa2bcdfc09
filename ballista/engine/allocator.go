package engine

/*
#if defined(__linux__)
#include <malloc.h>
#endif

static void kallad_trim(void) {
#if defined(__GLIBC__)
	malloc_trim(0);
#endif
}
*/
import "C"

import "time"

// trimAfter is how long a statement runs that is worth a trim, which takes a
// millisecond or so.
const trimAfter = 100 * time.Millisecond

// trim gives back to the system what the C library keeps of freed memory.
// DuckDB's blocks come from an allocator of its own, see allocator.c, but what
// its operators keep beside them, tens of bytes a row in a window's partitions,
// comes from the C library, which on its own returns little of it.
func trim() { C.kallad_trim() }
