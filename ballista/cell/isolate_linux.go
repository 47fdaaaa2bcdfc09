package cell

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolate keeps the signals of a terminal from the process: it ends when its
// owner says so. The pipe is made wide enough for a few batches.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// Confine is called by a cell's process at its start. It bounds its memory, in
// bytes, so that an allocation fails before the machine has no memory left,
// and lets the kernel end it before any other process if it has none.
func Confine(memory int64) error {
	limit := &unix.Rlimit{Cur: uint64(memory), Max: uint64(memory)}
	if err := unix.Setrlimit(unix.RLIMIT_DATA, limit); err != nil {
		return err
	}
	core := &unix.Rlimit{}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, core); err != nil {
		return err
	}
	// Any process may raise its own score; where it may not, nothing is lost.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	return nil
}
