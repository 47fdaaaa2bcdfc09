package process

import (
	"fmt"
	"os"
	"strings"
)

// ticksPerSecond is the unit of CPU time in /proc, the same on all of Linux.
const ticksPerSecond = 100

// look returns the CPU time that processes have used, and what they hold.
func look(ids []int) (cpuSeconds float64, resident int64, err error) {
	for _, id := range ids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
		if err != nil {
			return 0, 0, err
		}
		// The second field is the program's name, in brackets.
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 22 {
			return 0, 0, fmt.Errorf("read /proc/%d/stat: %d fields", id, len(fields))
		}
		var user, system, pages int64
		if _, err := fmt.Sscan(fields[11]+" "+fields[12]+" "+fields[21], &user, &system, &pages); err != nil {
			return 0, 0, fmt.Errorf("read /proc/%d/stat: %w", id, err)
		}
		cpuSeconds += float64(user+system) / ticksPerSecond
		resident += pages * int64(os.Getpagesize())
	}
	return cpuSeconds, resident, nil
}
