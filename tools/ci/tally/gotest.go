package tally

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// goEvent is one line of `go test -json`, as `go doc test2json` has it.
type goEvent struct {
	Action, Package, Test, Output, ImportPath string
}

// GoTest counts the output of `go test -json` and writes for people what
// `go test` would: a line for each package, and the output of what failed. A
// package that fails without a failing test, as it doesn't build or crashes,
// counts as one failed test.
func GoTest(events io.Reader, out io.Writer) (Count, error) {
	r := goRun{out: out, tests: map[string]*strings.Builder{}, failed: map[string]bool{}}
	decoder := json.NewDecoder(events)
	for {
		var e goEvent
		if err := decoder.Decode(&e); err == io.EOF {
			return r.count, nil
		} else if err != nil {
			return r.count, fmt.Errorf("read go test's events: %w", err)
		}
		r.see(e)
	}
}

type goRun struct {
	out    io.Writer
	count  Count
	tests  map[string]*strings.Builder // Output of what is running, by package and test.
	failed map[string]bool             // Packages with a failed test.
}

func (r *goRun) see(e goEvent) {
	key := e.Package + "\x00" + e.Test
	switch e.Action {
	case "output":
		if e.Test == "" && e.Output == "PASS\n" {
			return
		}
		if r.tests[key] == nil {
			r.tests[key] = &strings.Builder{}
		}
		r.tests[key].WriteString(e.Output)
		return
	case "build-output":
		_, _ = io.WriteString(r.out, e.Output)
		return
	case "pass", "fail", "skip":
	default:
		return
	}
	if e.Test == "" {
		r.endPackage(e)
		return
	}
	switch e.Action {
	case "pass":
		r.count.Passed++
	case "skip":
		r.count.Skipped++
	case "fail":
		r.count.Failed++
		r.failed[e.Package] = true
		r.print(key)
	}
	delete(r.tests, key)
}

func (r *goRun) endPackage(e goEvent) {
	crashed := e.Action == "fail" && !r.failed[e.Package]
	if crashed {
		r.count.Failed++
		// What the tests that never ended had to say.
		for _, key := range slices.Sorted(maps.Keys(r.tests)) {
			if strings.HasPrefix(key, e.Package+"\x00") && key != e.Package+"\x00" {
				r.print(key)
				delete(r.tests, key)
			}
		}
	}
	r.print(e.Package + "\x00")
	delete(r.tests, e.Package+"\x00")
}

func (r *goRun) print(key string) {
	if b := r.tests[key]; b != nil {
		_, _ = io.WriteString(r.out, b.String())
	}
}
