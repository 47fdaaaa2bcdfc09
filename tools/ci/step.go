package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"kallad/tools/ci/tally"
)

// step is one line of the final table. An error with no failed test in the
// count is a failure by itself.
type step struct {
	name string
	run  func(ctx context.Context, out io.Writer) (tally.Count, error)
}

// steps are in the order in which a person wants to hear of failures: cheap
// checks first.
func steps() []step {
	return []step{
		check("generated files, formatting, go.mod", "tools/update", "--check"),
		check("go build", "go", "build", "./..."),
		check("go vet", "go", "vet", "./..."),
		check("staticcheck", "go", "tool", "-modfile=tools/tools.mod", "staticcheck", "./..."),
		check("law of imports, house habits", "go", "run", "./tools/lint"),
		check("Kubernetes manifests against the schemas", "tools/kubernetes/check"),
		check("GitHub's workflows", "go", "tool", "-modfile=tools/tools.mod", "actionlint"),
		check("alert rules", "tools/check-alerts"),
		{"bazel build and test", bazelTest("//...", "-"+suites)},
		{"e2e: the image among containers", bazelTest(suites)},
		{"go test", goTest},
	}
}

// check is a step that passes or fails as a whole, by the command's exit code.
func check(name string, argv ...string) step {
	return step{name, func(ctx context.Context, out io.Writer) (tally.Count, error) {
		if err := command(ctx, out, argv...).Run(); err != nil {
			return tally.Count{}, fmt.Errorf("%s: %w", argv[0], err)
		}
		return tally.Count{Passed: 1}, nil
	}}
}

// suites are the tests that need a Docker engine and minutes.
const suites = "//e2e/..."

// bazelTest builds the targets and runs those of them that are tests.
func bazelTest(targets ...string) func(ctx context.Context, out io.Writer) (tally.Count, error) {
	return func(ctx context.Context, out io.Writer) (tally.Count, error) {
		dir, err := os.MkdirTemp("", "kallad-ci-")
		if err != nil {
			return tally.Count{}, err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		path := filepath.Join(dir, "events.json")
		argv := []string{"./bazelw", "test", "--keep_going", "--noshow_progress", "--build_event_json_file=" + path, "--"}
		runErr := command(ctx, out, append(argv, targets...)...).Run()
		events, err := os.Open(path)
		if err != nil {
			return tally.Count{}, errors.Join(runErr, err)
		}
		defer func() { _ = events.Close() }()
		count, err := tally.Bazel(events)
		return count, errors.Join(runErr, err)
	}
}

// goTest runs the tests as a Go developer does, but for the suites: Bazel has
// run those, and it is the same image and the same containers for both.
func goTest(ctx context.Context, out io.Writer) (tally.Count, error) {
	list := command(ctx, out, "go", "list", "./...")
	list.Stdout = nil
	packages, err := list.Output()
	if err != nil {
		return tally.Count{}, err
	}
	argv := []string{"go", "test", "-json", "-timeout", "30m"}
	for pkg := range strings.FieldsSeq(string(packages)) {
		if !strings.HasPrefix(pkg, "kallad/e2e/") {
			argv = append(argv, pkg)
		}
	}
	cmd := command(ctx, out, argv...)
	cmd.Stdout = nil
	events, err := cmd.StdoutPipe()
	if err != nil {
		return tally.Count{}, err
	}
	if err := cmd.Start(); err != nil {
		return tally.Count{}, err
	}
	count, err := tally.GoTest(events, out)
	if err != nil {
		// Let the command end instead of blocking on the pipe.
		_, _ = io.Copy(io.Discard, events)
	}
	return count, errors.Join(cmd.Wait(), err)
}

// command is interrupted, not killed, when ctx ends: Bazel and go test then
// stop what they started.
func command(ctx context.Context, out io.Writer, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	return cmd
}
