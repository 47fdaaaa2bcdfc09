package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"

	"github.com/spf13/pflag"
)

// profileFlags are files for what pprof shows. They see the Go side alone; the
// time in queries shows as one call, which perf can look into.
type profileFlags struct {
	cpu, heap string
}

func (f *profileFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.cpu, "cpu-profile", "", "file for a CPU profile of this process, for go tool pprof")
	flags.StringVar(&f.heap, "heap-profile", "", "file for a heap profile at the end of this process")
	env(flags, "cpu-profile", "CPU_PROFILE")
	env(flags, "heap-profile", "HEAP_PROFILE")
}

// start begins to profile, where that is asked for. What it returns writes the
// profiles.
func (f *profileFlags) start() (stop func() error, err error) {
	if f.cpu == "" {
		return f.writeHeap, nil
	}
	file, err := os.Create(f.cpu)
	if err != nil {
		return nil, fmt.Errorf("--cpu-profile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(fmt.Errorf("--cpu-profile: %w", err), file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return errors.Join(file.Close(), f.writeHeap())
	}, nil
}

// around profiles what a command does.
func (f *profileFlags) around(do func() error) error {
	stop, err := f.start()
	if err != nil {
		return err
	}
	return errors.Join(do(), stop())
}

func (f *profileFlags) writeHeap() error {
	if f.heap == "" {
		return nil
	}
	file, err := os.Create(f.heap)
	if err != nil {
		return fmt.Errorf("--heap-profile: %w", err)
	}
	runtime.GC() // the profile is as of the last collection
	return errors.Join(pprof.Lookup("allocs").WriteTo(file, 0), file.Close())
}
