package examples_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/source/postgres/pgtest"
)

var (
	// binary is the kallad under test.
	binary string
	// server is the Postgres of the examples that need one.
	server = pgtest.New()
)

// TestMain takes the binary from $KALLAD_BINARY or builds it.
func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	if given := os.Getenv("KALLAD_BINARY"); given != "" {
		// Bazel gives a path below the root of the runfiles.
		if root := os.Getenv("TEST_SRCDIR"); root != "" && !filepath.IsAbs(given) {
			given = filepath.Join(root, os.Getenv("TEST_WORKSPACE"), given)
		}
		path, err := filepath.Abs(given)
		if err != nil {
			return 1, err
		}
		binary = path
		return server.Run(m), nil
	}
	if err := lookAtSources(); err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "kallad-examples-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "kallad")
	if out, err := exec.Command("go", "build", "-o", binary, "../kallad").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build kallad: %w: %s", err, out)
	}
	return server.Run(m), nil
}

// lookAtSources lets go test see what the binary is built from: it repeats an
// old outcome of this test unless a file changed that the test looked at.
func lookAtSources() error {
	for _, dir := range []string{"../kallad", "../ballista", "../worker", "../go.mod"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			_, err = os.Stat(path)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// result is what `kallad run --json` prints, as far as it matters here.
type result struct {
	Matched        int `json:"matched_count"`
	UnmatchedLeft  int `json:"unmatched_left_count"`
	UnmatchedRight int `json:"unmatched_right_count"`
	OutputPaths    struct {
		Matched        string `json:"matched"`
		UnmatchedLeft  string `json:"unmatched_left"`
		UnmatchedRight string `json:"unmatched_right"`
	} `json:"output_paths"`
	root string
}

// kallad runs a job in the root of the checkout, where the paths of the
// examples start.
func kallad(t *testing.T, job string) result {
	t.Helper()
	root := t.TempDir()
	cmd := exec.Command(binary, "run", "--json", "--output-root", root, job)
	cmd.Dir = ".."
	return outcome(t, cmd, root)
}

// outcome runs a command that prints a result whose files are under root.
func outcome(t *testing.T, cmd *exec.Cmd, root string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s%s", &stdout, &stderr)
	r := result{root: root}
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &r), stdout.String())
	return r
}

// column reads a column of an evidence file as text.
func (r result) column(t *testing.T, path, name string) []string {
	t.Helper()
	reader, err := file.OpenParquetFile(filepath.Join(r.root, path), false)
	require.NoError(t, err)
	defer func() { _ = reader.Close() }()
	arrows, err := pqarrow.NewFileReader(reader, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	require.NoError(t, err)
	table, err := arrows.ReadTable(t.Context())
	require.NoError(t, err)
	defer table.Release()
	fields := table.Schema().FieldIndices(name)
	require.Len(t, fields, 1, name)
	var values []string
	for _, chunk := range table.Column(fields[0]).Data().Chunks() {
		for i := range chunk.Len() {
			values = append(values, text(chunk, i))
		}
	}
	return values
}

func text(values interface{ ValueStr(int) string }, i int) string {
	if d, ok := values.(*array.Dictionary); ok {
		return d.Dictionary().ValueStr(d.GetValueIndex(i))
	}
	return values.ValueStr(i)
}

// promise is a row of a page's table of jobs: job, anything, three counts.
var promise = regexp.MustCompile("(?m)^\\| `([a-z]+\\.json)` \\|.*\\| (\\d+) \\| (\\d+) \\| (\\d+) \\|$")

func TestJobsKeepThePromisesOfTheirPage(t *testing.T) {
	t.Parallel()
	keepPromises(t, "invoices", func(t *testing.T, job string) result {
		return kallad(t, filepath.Join("examples", "invoices", job))
	})
}

// TestPostgresJobsKeepThePromisesOfTheirPage runs the jobs as a person does
// who has a database.
func TestPostgresJobsKeepThePromisesOfTheirPage(t *testing.T) {
	t.Parallel()
	keepPromises(t, "postgres", func(t *testing.T, job string) result {
		root := t.TempDir()
		cmd := exec.Command("postgres/run", filepath.Join("postgres", job))
		cmd.Env = append(os.Environ(),
			"DATABASE_URL="+server.Database(t).URL(), "KALLAD_BINARY="+binary, "KALLAD_ARGS=--json", "OUTPUT_ROOT="+root)
		return outcome(t, cmd, root)
	})
}

// keepPromises runs every job in a folder and compares it to the folder's page.
func keepPromises(t *testing.T, folder string, run func(t *testing.T, job string) result) {
	page, err := os.ReadFile(filepath.Join(folder, "README.md"))
	require.NoError(t, err)
	var promised []string
	for _, row := range promise.FindAllStringSubmatch(string(page), -1) {
		promised = append(promised, filepath.Join(folder, row[1]))
		t.Run(row[1], func(t *testing.T) {
			t.Parallel()
			r := run(t, row[1])
			assert.Equal(t, row[2:], []string{strconv.Itoa(r.Matched), strconv.Itoa(r.UnmatchedLeft), strconv.Itoa(r.UnmatchedRight)})
			assert.Len(t, r.column(t, r.OutputPaths.Matched, "match_id"), r.Matched)
			assert.Len(t, r.column(t, r.OutputPaths.UnmatchedLeft, "record_key"), r.UnmatchedLeft)
			assert.Len(t, r.column(t, r.OutputPaths.UnmatchedRight, "record_key"), r.UnmatchedRight)
		})
	}
	jobs, err := filepath.Glob(filepath.Join(folder, "*.json"))
	require.NoError(t, err)
	assert.ElementsMatch(t, jobs, promised, "every job is in the table")
}

func TestOneToOneLeavesTheRightInvoices(t *testing.T) {
	t.Parallel()
	r := kallad(t, "examples/invoices/job.json")
	var want []string
	for id := 1001; id <= 1014; id++ {
		want = append(want, fmt.Sprintf("%07d", id))
	}
	assert.ElementsMatch(t, want, r.column(t, r.OutputPaths.Matched, "left_key"))
	want = nil
	for id := 1015; id <= 1032; id++ {
		want = append(want, fmt.Sprintf("%07d", id))
	}
	assert.ElementsMatch(t, want, r.column(t, r.OutputPaths.UnmatchedLeft, "record_key"))
}

func TestCascadeNamesTheRuleOfEachMatch(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("invoices/README.md")
	require.NoError(t, err)
	r := kallad(t, "examples/invoices/cascade.json")
	counts := map[string]int{}
	for _, rule := range r.column(t, r.OutputPaths.Matched, "rule_name") {
		counts[rule]++
	}
	var said []string
	for _, rule := range []string{"exact", "tolerance", "split", "statement", "customer and amount"} {
		said = append(said, fmt.Sprintf("%s %d", rule, counts[rule]))
	}
	assert.Contains(t, string(page), strings.Join(said, ", ")+".")
	payments := r.column(t, r.OutputPaths.Matched, "right_key")
	for _, p := range []string{"P-5027", "P-5028"} {
		payments = slices.DeleteFunc(payments, func(have string) bool { return have == p })
	}
	slices.Sort(payments)
	assert.Len(t, slices.Compact(slices.Clone(payments)), len(payments), "no payment counts twice, those for a statement aside")
}

func TestCompositeKeysKeepTheirZeros(t *testing.T) {
	t.Parallel()
	r := kallad(t, "examples/invoices/composite.json")
	assert.ElementsMatch(t, []string{`["007",null]`, `["008","0002"]`, `["008","1"]`}, r.column(t, r.OutputPaths.UnmatchedLeft, "record_key"))
}

func TestFilteredEvidenceHasAllColumns(t *testing.T) {
	t.Parallel()
	r := kallad(t, "examples/invoices/filtered.json")
	assert.ElementsMatch(t, []string{"Iyer Medical plc", "Bluewater Logistics GmbH", "Northwind Foods SA"},
		r.column(t, r.OutputPaths.UnmatchedLeft, "customer_name"))
}
