package race

import (
	"fmt"
	"os"
)

// loadAverage is the machine's over the last minute; 0 where the system does
// not tell.
func loadAverage() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	var load float64
	if _, err := fmt.Sscan(string(text), &load); err != nil {
		return 0
	}
	return load
}
