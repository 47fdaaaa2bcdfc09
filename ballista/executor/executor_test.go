package executor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/executor"
	"kallad/ballista/plan"
	"kallad/worker/recon"
	"kallad/worker/source"
)

var numbers = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)

// counting is a source of numbers: its partition i holds i*10 to i*10+9.
type counting struct{ closed *bool }

func (c counting) Open(context.Context, recon.URI) (source.Source, error) { return c, nil }
func (c counting) Describe(context.Context) (*source.Description, error)  { return nil, nil }
func (c counting) Split(context.Context, source.Scan, int) ([]source.Partition, error) {
	return nil, nil
}
func (c counting) Close() error { *c.closed = true; return nil }
func (c counting) Read(_ context.Context, scan source.Scan, p source.Partition) (source.Batches, error) {
	if p.Index == panicking {
		panic("no such index")
	}
	if p.Index == broken {
		return nil, recon.Input(errors.New("no such page"))
	}
	ten := tens(int64(p.Index))
	if len(scan.Columns) == 2 {
		ten.rest[0] = paired(ten.rest[0])
	}
	return ten, nil
}

// paired is a batch of numbers with what is left to 0 beside them.
func paired(batch arrow.RecordBatch) arrow.RecordBatch {
	defer batch.Release()
	b := array.NewInt64Builder(memory.DefaultAllocator)
	for _, n := range batch.Column(0).(*array.Int64).Int64Values() {
		b.Append(-n)
	}
	rest := b.NewArray()
	defer rest.Release()
	return array.NewRecordBatch(pairs, []arrow.Array{batch.Column(0), rest}, batch.NumRows())
}

const (
	broken    = 99
	panicking = 98
	// unkept is a partition of which the observer keeps nothing.
	unkept = 97
)

// tens streams the ten numbers from i*10 on.
func tens(i int64) *batches {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	for n := range int64(10) {
		b.Append(i*10 + n)
	}
	col := b.NewArray()
	defer col.Release()
	return &batches{rest: []arrow.RecordBatch{array.NewRecordBatch(numbers, []arrow.Array{col}, 10)}}
}

type batches struct{ rest []arrow.RecordBatch }

func (b *batches) Next(context.Context) (arrow.RecordBatch, error) {
	if len(b.rest) == 0 {
		return nil, io.EOF
	}
	next := b.rest[0]
	b.rest = b.rest[1:]
	return next, nil
}
func (b *batches) Close() error { return nil }

type fetcher struct{}

func (fetcher) Fetch(_ context.Context, p plan.Piece) (engine.Batches, error) {
	if p.Partition == broken {
		return nil, errors.New("lost")
	}
	return tens(int64(p.Partition)), nil
}

// notes is an observer that writes down what it is told.
type notes struct {
	mu     sync.Mutex
	loaded map[string]int64
	rows   map[string]int
	counts map[string][]int64
	out    map[string][]string
}

func newNotes() *notes {
	return &notes{loaded: map[string]int64{}, rows: map[string]int{}, counts: map[string][]int64{}, out: map[string][]string{}}
}

func (n *notes) Rows(source string, rows int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.rows[source] += rows
}
func (n *notes) Loaded(source string, rows int64) { n.loaded[source] = rows }
func (n *notes) Begin(string)                     {}
func (n *notes) Advance(string, float64)          {}
func (n *notes) Counts(step string, v []int64) error {
	n.counts[step] = v
	return nil
}
func (n *notes) Stream(ctx context.Context, step string, rows plan.Stream) error {
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if step == "whole" && batch.Column(0).(*array.Int64).Value(0) == 10*unkept {
			batch.Release()
			return errors.New("no room")
		}
		for i := range int(batch.NumRows()) {
			text := ""
			for _, c := range batch.Columns() {
				text += fmt.Sprint(c.GetOneForMarshal(i), " ")
			}
			n.out[step] = append(n.out[step], text)
		}
		batch.Release()
	}
}
func (n *notes) Write(ctx context.Context, step plan.Step, rows plan.Stream) error {
	return n.Stream(ctx, step.Name, rows)
}

func run(t *testing.T, task plan.Task) (*notes, bool, error) {
	t.Helper()
	closed := false
	registry := source.NewRegistry()
	registry.AddScheme("numbers", counting{&closed})
	pool := engine.NewPool(engine.Config{Threads: 2, TempDir: t.TempDir()}, engine.AheadFirst)
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	seen := newNotes()
	e := executor.New(executor.Pooled(pool), registry, fetcher{})
	err := e.Run(t.Context(), task, map[string]plan.Secret{"s": "numbers://"}, seen)
	return seen, closed, err
}

var pairs = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}, {Name: "m", Type: arrow.PrimitiveTypes.Int64}}, nil)

// keeping is a task whose session gets a column of a source of pairs, and that
// keeps both.
func keeping(streamed bool, partitions ...int) plan.Task {
	in := scanOf(streamed, partitions...)
	in.Schema, in.Columns, in.Scan = plan.Schema{Schema: pairs}, []string{"n"}, json.RawMessage(`{"columns":["n","m"]}`)
	return plan.Task{ID: plan.TaskID{Task: 5}, Inputs: []plan.Input{in}, Steps: []plan.Step{
		{Name: "w", Kind: plan.StepWrite, Partitions: 1, SQL: "SELECT n, kallad_task() FROM t WHERE n % 10 = 0"},
		{Name: "whole", Kind: plan.StepKeep},
	}}
}

// Rows are kept whole while the session gets some of their columns.
func TestKeepsWholeRows(t *testing.T) {
	t.Parallel()
	for _, streamed := range []bool{false, true} {
		seen, closed, err := run(t, keeping(streamed, 1, 3))
		require.NoError(t, err)
		require.True(t, closed)
		require.ElementsMatch(t, []string{"10 5 ", "30 5 "}, seen.out["w"])
		require.Len(t, seen.out["whole"], 20)
		require.Contains(t, seen.out["whole"], "17 -17 ")
		require.Equal(t, int64(20), seen.loaded["s"])
	}
}

// What goes wrong with the source or with keeping its rows ends the task.
func TestKeepingFails(t *testing.T) {
	t.Parallel()
	for _, streamed := range []bool{false, true} {
		_, _, err := run(t, keeping(streamed, 1, broken))
		require.EqualError(t, err, `source "s": no such page`)
		_, _, err = run(t, keeping(streamed, 1, unkept, 2))
		require.EqualError(t, err, `source "s": no room`)
		task := keeping(streamed, 1)
		task.Steps[0].SQL = "SELECT no FROM t"
		_, _, err = run(t, task)
		require.ErrorContains(t, err, `step w: `)
	}
	task := keeping(true, 1, 2)
	task.Steps[0].SQL += " LIMIT 0"
	_, _, err := run(t, task)
	require.ErrorContains(t, err, "of 2 partitions were read when all rows were to be kept")
}

func scanOf(streamed bool, partitions ...int) plan.Input {
	in := plan.Input{Table: "t", Source: "s", Scan: json.RawMessage(`{"columns":["n"]}`), Schema: plan.Schema{Schema: numbers}, Streamed: streamed}
	for _, p := range partitions {
		in.Partitions = append(in.Partitions, json.RawMessage(fmt.Sprintf(`{"index":%d}`, p)))
	}
	return in
}

func TestScanCountWriteStream(t *testing.T) {
	t.Parallel()
	for _, streamed := range []bool{false, true} {
		seen, closed, err := run(t, plan.Task{
			Inputs: []plan.Input{scanOf(streamed, 0, 1, 2)},
			Steps:  []plan.Step{{Name: "w", Kind: plan.StepWrite, Partitions: 2, SQL: "SELECT CAST(n % 2 AS INTEGER), n FROM t WHERE n < 4"}},
		})
		require.NoError(t, err)
		require.True(t, closed)
		require.ElementsMatch(t, []string{"0 0 ", "1 1 ", "0 2 ", "1 3 "}, seen.out["w"])
		require.Equal(t, int64(30), seen.loaded["s"])
		require.Equal(t, 30, seen.rows["s"])
	}
}

func TestPieces(t *testing.T) {
	t.Parallel()
	seen, _, err := run(t, plan.Task{
		Inputs: []plan.Input{{Table: "t", Schema: plan.Schema{Schema: numbers}, Pieces: []plan.Piece{{Partition: 3}, {Partition: 4}}},
			{Table: "none", Schema: plan.Schema{Schema: numbers}}},
		Steps: []plan.Step{{Name: "c", Kind: plan.StepCount, SQL: "SELECT count(*), CAST(sum(n) AS BIGINT), (SELECT count(*) FROM none) FROM t"}},
	})
	require.NoError(t, err)
	require.Equal(t, []int64{20, 790, 0}, seen.counts["c"])
	require.Empty(t, seen.loaded, "pieces are no source")
}

// A count takes the shorter way where the table's rows turned out distinct, and
// only there.
func TestShorterWayWhereRowsAreDistinct(t *testing.T) {
	t.Parallel()
	count := plan.Step{Name: "c", Kind: plan.StepCount, SQL: "SELECT CAST(1 AS BIGINT)", Distinct: &plan.Distinct{Table: "t", Keys: []string{"n"}, SQL: "SELECT CAST(2 AS BIGINT)"}}
	pieces := func(table string, partitions ...int) plan.Input {
		in := plan.Input{Table: table, Schema: plan.Schema{Schema: numbers}}
		for _, p := range partitions {
			in.Pieces = append(in.Pieces, plan.Piece{Partition: p})
		}
		return in
	}
	for name, c := range map[string]struct {
		inputs []plan.Input
		want   int64
	}{
		"distinct":              {[]plan.Input{scanOf(false, 0, 1, 2)}, 2},
		"doubled":               {[]plan.Input{scanOf(false, 0, 1, 0)}, 1},
		"distinct pieces":       {[]plan.Input{pieces("t", 3, 4)}, 2},
		"doubled pieces":        {[]plan.Input{pieces("t", 3, 3)}, 1},
		"another table's":       {[]plan.Input{pieces("t", 3, 3), pieces("u", 3, 4)}, 1},
		"not known of a stream": {[]plan.Input{scanOf(true, 0, 1)}, 1},
		"empty":                 {[]plan.Input{pieces("t")}, 2},
	} {
		seen, _, err := run(t, plan.Task{Inputs: c.inputs, Steps: []plan.Step{count}})
		require.NoError(t, err, name)
		require.Equal(t, []int64{c.want}, seen.counts["c"], name)
	}
}

// The error of an input comes out as it is, whichever way it is read.
func TestInputErrors(t *testing.T) {
	t.Parallel()
	step := plan.Step{Name: "w", Kind: plan.StepStream, SQL: "SELECT n FROM t"}
	for _, streamed := range []bool{false, true} {
		_, closed, err := run(t, plan.Task{Inputs: []plan.Input{scanOf(streamed, 0, broken)}, Steps: []plan.Step{step}})
		require.True(t, recon.IsInput(err), "%v", err)
		require.EqualError(t, err, `source "s": no such page`)
		require.True(t, closed)
	}
}

// A panic in a source is the task's error, without the stack.
func TestPanicInASource(t *testing.T) {
	t.Parallel()
	step := plan.Step{Name: "w", Kind: plan.StepStream, SQL: "SELECT n FROM t"}
	for _, streamed := range []bool{false, true} {
		_, _, err := run(t, plan.Task{Inputs: []plan.Input{scanOf(streamed, 0, panicking)}, Steps: []plan.Step{step}})
		require.EqualError(t, err, `source "s": internal error: panic while reading an input: no such index`)
		var panicked *engine.PanicError
		require.ErrorAs(t, err, &panicked)
		require.Contains(t, panicked.PanicStack(), "executor_test")
	}
}

// A streamed table can be read once: a second reading fails, it does not find
// an empty table.
func TestStreamedOnce(t *testing.T) {
	t.Parallel()
	_, _, err := run(t, plan.Task{
		Inputs: []plan.Input{scanOf(true, 0)},
		Steps:  []plan.Step{{Name: "w", Kind: plan.StepStream, SQL: "SELECT a.n FROM t AS a CROSS JOIN t AS b"}},
	})
	require.ErrorContains(t, err, "read again")
}

// A step that ends before its input does leaves the number of rows unknown.
func TestIncompleteStream(t *testing.T) {
	t.Parallel()
	seen, _, err := run(t, plan.Task{
		Inputs: []plan.Input{scanOf(true, 0, 1)},
		Steps:  []plan.Step{{Name: "w", Kind: plan.StepStream, SQL: "SELECT n FROM t WHERE false"}},
	})
	require.NoError(t, err)
	require.NotContains(t, seen.loaded, "s")
}
