package race

import (
	"context"
	"fmt"

	"kallad/bench/dataset"
	"kallad/bench/process"
	"kallad/bench/report"
)

// contestant is one way to reconcile the data.
type contestant interface {
	name() string
	about() string
	// run does it once, with the evidence, if it writes any, in dir.
	run(ctx context.Context, dir string) (outcome, error)
	// evidence says where a run's evidence is; ok is false when it writes none
	// that can be compared.
	evidence(dir string) (at string, ok bool)
	// close ends what outlives a run.
	close() error
}

// outcome is what a run took and found.
type outcome struct {
	// counts is nil when the contestant counts nothing.
	counts *dataset.Counts
	took   report.Run
}

// command is a contestant that is a process from its start to its end.
type command interface {
	name() string
	about() string
	// prepare readies a run whose evidence goes to dir and returns its command.
	prepare(dir string) (argv []string, err error)
	// outcome reads what the process printed.
	outcome(stdout []byte) (outcome, error)
	// worksAlone says whether the process does all the work itself, so that its
	// memory and CPU time are the contestant's.
	worksAlone() bool
}

// oneProcess runs a command, on a number of cores or on all of them.
type oneProcess struct {
	command
	cores  []int
	env    []string
	writes bool
}

func (p oneProcess) run(ctx context.Context, dir string) (outcome, error) {
	argv, err := p.prepare(dir)
	if err == nil {
		argv, err = process.Pin(p.cores, argv...)
	}
	if err != nil {
		return outcome{}, fmt.Errorf("prepare %s: %w", p.name(), err)
	}
	took, err := process.RunWith(ctx, dir, p.env, argv...)
	if err != nil {
		return outcome{}, fmt.Errorf("%s: %w", p.name(), err)
	}
	said, err := p.outcome(took.Stdout)
	if err != nil {
		return outcome{}, fmt.Errorf("read the result of %s: %w", p.name(), err)
	}
	said.took.Seconds = took.Seconds
	if p.worksAlone() {
		said.took.CPUSeconds, said.took.PeakBytes = took.CPUSeconds, took.PeakBytes
	}
	return said, nil
}

func (p oneProcess) evidence(dir string) (string, bool) { return dir, p.writes }

func (oneProcess) close() error { return nil }
