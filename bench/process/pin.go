package process

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// Pin returns the command that runs argv on the given cores alone, counted from
// 0; without any, argv as it is.
func Pin(cores []int, argv ...string) ([]string, error) {
	if len(cores) == 0 {
		return argv, nil
	}
	taskset, err := exec.LookPath("taskset")
	if err != nil {
		return nil, fmt.Errorf("keep %s to its cores: %w; it is part of util-linux", argv[0], err)
	}
	list := make([]string, len(cores))
	for i, c := range cores {
		list[i] = strconv.Itoa(c)
	}
	return append([]string{taskset, "-c", strings.Join(list, ",")}, argv...), nil
}
