package plantest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
)

// Result is what a graph's steps returned.
type Result struct {
	// Rows are the streamed rows of each step, as text; Types are the types of
	// their columns. Dropped are how many were marked.
	Rows    map[string][]string
	Types   map[string]string
	Dropped map[string]int64
	// Counts are the sums of each StepCount.
	Counts map[string][]int64
}

// NewResult returns the result of a graph that has not begun.
func NewResult() *Result {
	return &Result{Rows: map[string][]string{}, Types: map[string]string{}, Dropped: map[string]int64{}, Counts: map[string][]int64{}}
}

// Describe takes the columns that a task streams in a step. It is an error if
// another task's were not the same.
func (r *Result) Describe(step string, schema *arrow.Schema) error {
	parts := make([]string, schema.NumFields())
	for i, f := range schema.Fields() {
		parts[i] = f.Name + " " + f.Type.String()
	}
	types := strings.Join(parts, ", ")
	if before, ok := r.Types[step]; ok && before != types {
		return fmt.Errorf("its columns are %s in one task and %s in another", before, types)
	}
	r.Types[step] = types
	return nil
}

// Add takes streamed rows of a step. The batch stays the caller's.
func (r *Result) Add(step string, batch arrow.RecordBatch) {
	r.Rows[step] = append(r.Rows[step], lines([]arrow.RecordBatch{batch})...)
}

// Count takes what some tasks counted in a step.
func (r *Result) Count(step string, values []int64) {
	sums := r.Counts[step]
	if sums == nil {
		sums = make([]int64, len(values))
	}
	for i, v := range values {
		sums[i] += v
	}
	r.Counts[step] = sums
}

// sorted are rows as text, sorted.
func sorted(batches []arrow.RecordBatch) []string {
	out := lines(batches)
	slices.Sort(out)
	return out
}

// lines are rows as text.
func lines(batches []arrow.RecordBatch) []string {
	var out []string
	for _, b := range batches {
		for i := range int(b.NumRows()) {
			fields := make([]string, b.NumCols())
			for j := range fields {
				// The text of a column may be memory of the batch.
				if fields[j] = strings.Clone(b.Column(j).ValueStr(i)); fields[j] == "-0" {
					fields[j] = "0"
				}
			}
			out = append(out, strings.Join(fields, " | "))
		}
	}
	return out
}

// Difference says how two results of the case differ, "" if they don't.
func (c Case) Difference(want, got *Result) string {
	for step, rows := range want.Rows {
		if !c.Ordered {
			slices.Sort(rows)
			slices.Sort(got.Rows[step])
		}
		if !slices.Equal(rows, got.Rows[step]) {
			return fmt.Sprintf("%s: want %d rows\n%s\ngot %d\n%s", step, len(rows), strings.Join(rows, "\n"), len(got.Rows[step]), strings.Join(got.Rows[step], "\n"))
		}
	}
	for step, rows := range got.Rows {
		if len(want.Rows[step]) != len(rows) {
			return fmt.Sprintf("%s: want %d rows, got %d", step, len(want.Rows[step]), len(rows))
		}
	}
	for step, types := range want.Types {
		if got.Types[step] != types {
			return fmt.Sprintf("%s: want the types %s, got %s", step, types, got.Types[step])
		}
	}
	for step, n := range want.Dropped {
		if got.Dropped[step] != n {
			return fmt.Sprintf("%s: want %d marked rows, got %d", step, n, got.Dropped[step])
		}
	}
	for step, counts := range want.Counts {
		if !slices.Equal(counts, got.Counts[step]) {
			return fmt.Sprintf("%s: want counts %v, got %v", step, counts, got.Counts[step])
		}
	}
	return ""
}
