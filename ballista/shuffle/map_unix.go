//go:build unix

package shuffle

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

var pageSize = os.Getpagesize()

// mapMemory returns zeroed memory that Go's collector does not know. It does
// not ask for large pages: where memory is fragmented, the kernel makes room
// for them at once, and a third of a gigabyte took a second instead of a tenth.
func mapMemory(size int) ([]byte, error) {
	data, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("map %d bytes of memory: %w", size, err)
	}
	return data, nil
}

func unmapMemory(data []byte) {
	if err := unix.Munmap(data); err != nil {
		panic(fmt.Sprintf("shuffle: unmap memory: %v", err)) // it was not ours: go no further
	}
}

// dropMemory gives back what is in the memory; it is zero from then on.
func dropMemory(data []byte) { _ = unix.Madvise(data, unix.MADV_DONTNEED) }
