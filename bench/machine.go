package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"kallad/bench/process"
	"kallad/bench/report"
)

// thisMachine says what it can find out; what it can't is empty.
func thisMachine() report.Machine {
	m := report.Machine{CPU: "unknown CPU", Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH}
	if model := field("/proc/cpuinfo", "model name"); model != "" {
		m.CPU = model
	}
	var kib int64
	if _, err := fmt.Sscanf(field("/proc/meminfo", "MemTotal"), "%d kB", &kib); err == nil {
		m.MemoryBytes = kib << 10
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.System += " " + strings.TrimSpace(string(release))
	}
	return m
}

// field is the value of the first line "name: value" of a file.
func field(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// versions asks every program for its own.
func versions(ctx context.Context, root, kallad, self string) (report.Versions, error) {
	v := report.Versions{Commit: commit(ctx, root), Go: runtime.Version()}
	for _, ask := range []struct {
		into *string
		argv []string
	}{
		{&v.Kallad, []string{kallad, "version"}},
		{&v.DuckDB, []string{self, duckDBVersionCommand}},
	} {
		said, err := process.Run(ctx, "", ask.argv...)
		if err != nil {
			return v, err
		}
		*ask.into = strings.TrimSpace(string(said.Stdout))
	}
	return v, nil
}
