package shuffle

import "golang.org/x/sys/unix"

// hugePage is the size from which the kernel may use large pages, which it
// hands out several times faster. Unit: bytes.
const hugePage = 2 << 20

// adviseMemory asks for large pages; without them everything works as well.
func adviseMemory(data []byte) {
	if len(data) >= hugePage {
		_ = unix.Madvise(data, unix.MADV_HUGEPAGE)
	}
}
