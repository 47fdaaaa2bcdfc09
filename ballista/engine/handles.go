package engine

import (
	"fmt"
	"os"
)

// handlesToOpen is how many file handles must be free for a session to open.
// DuckDB looks at a few files of the system's while it starts, and ends the
// whole process when it can't.
const handlesToOpen = 16

// checkHandles is an error when the process has too few file handles left.
func checkHandles() error {
	held := make([]*os.File, 0, handlesToOpen)
	defer func() {
		for _, f := range held {
			_ = f.Close()
		}
	}()
	for range handlesToOpen {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return fmt.Errorf("too few file handles are left (ulimit -n): %w", err)
		}
		held = append(held, f)
	}
	return nil
}
