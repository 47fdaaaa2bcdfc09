package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"

	"kallad/ballista/plan"
	"kallad/worker/evidence"
	"kallad/worker/recon"
)

// observer turns what a job tells into progress and evidence.
type observer struct {
	run *run

	mu     sync.Mutex
	loaded map[string]int64
	counts map[string][]int64
	files  map[string]*evidence.File
	// dropped is how many matched rows the streams of the unmatched left out.
	dropped map[string]int64
	// read and shuffled are the bytes that went from the sources into tasks, and
	// from tasks to others, so far.
	read, shuffled int64
}

func newObserver(r *run) *observer {
	return &observer{run: r, loaded: map[string]int64{}, counts: map[string][]int64{}, files: map[string]*evidence.File{}, dropped: map[string]int64{}}
}

var _ plan.Observer = (*observer)(nil)

// Rows implements plan.Observer.
func (o *observer) Rows(source string, rows int) { o.run.progress.read(source, rows) }

// Loaded implements plan.Observer.
func (o *observer) Loaded(source string, rows int64) {
	o.mu.Lock()
	o.loaded[source] = rows
	o.mu.Unlock()
	o.run.progress.loaded(source, rows)
}

// Begin implements plan.Observer. In a single session the results are written
// once the query is done; on executors both go on at once.
func (o *observer) Begin(step string) {
	o.run.progress.step(step)
	switch {
	case step == plan.StepMatch:
		o.run.progress.enter(recon.StageMatching)
	case step == stepMatched && o.run.places == 0:
		o.run.progress.enter(recon.StageWritingResults)
	}
}

// Advance implements plan.Observer.
func (o *observer) Advance(_ string, share float64) {
	if o.run.places == 0 {
		o.run.progress.matching(share)
	}
}

// Stages implements plan.Observer: on executors, the tasks that are done say
// how far the job is.
func (o *observer) Stages(status []plan.StageStatus) {
	o.mu.Lock()
	o.read, o.shuffled = volumes(status)
	o.mu.Unlock()
	o.run.progress.stages(stagesOf(status))
	if o.run.places > 0 {
		o.run.progress.matching(tasksDone(status))
	}
}

// tasksDone is the share of the tasks beyond the first stages that are done.
func tasksDone(status []plan.StageStatus) float64 {
	tasks, done := 0, 0
	for _, s := range status {
		if !s.Reads {
			tasks, done = tasks+s.Tasks, done+s.Done
		}
	}
	if tasks == 0 {
		return 0
	}
	return float64(done) / float64(tasks)
}

// Counts implements plan.Observer.
func (o *observer) Counts(step string, v []int64) error {
	if want := map[string]int{stepCount: 1, keysStep[0]: 2, keysStep[1]: 2, matchedRowsStep[0]: 1, matchedRowsStep[1]: 1}[step]; want > 0 && len(v) != want {
		return fmt.Errorf("step %s: %d counts, want %d", step, len(v), want)
	}
	if slices.Contains(matchedRowsStep[:], step) {
		o.run.progress.passed(v[0])
	}
	o.mu.Lock()
	for i, before := range o.counts[step] {
		v[i] += before
	}
	o.counts[step] = v
	// The unmatched rows are found by looking at all rows.
	toPass := v[0]
	for _, t := range o.run.tables[:2] {
		toPass += o.loaded[t.alias]
	}
	o.mu.Unlock()
	if step == stepCount {
		o.run.progress.matched(v[0], toPass)
		return o.run.checkRows(v[0])
	}
	return nil
}

// Stream implements plan.Observer. Encoding a batch goes on while the engine
// computes the next.
func (o *observer) Stream(ctx context.Context, step string, rows plan.Stream) error {
	keys, err := o.run.keyedOf(step)
	if err != nil {
		return err
	}
	schema := keys.schema(rows.Schema())
	file, err := o.file(ctx, step, schema)
	if err != nil {
		return err
	}
	write := func(ctx context.Context, batch arrow.RecordBatch) error {
		defer batch.Release()
		whole := keys.batch(schema, batch)
		defer whole.Release()
		if err := file.Write(ctx, whole); err != nil {
			return err
		}
		return o.wrote(step, file, whole.NumRows())
	}
	batches := make(chan arrow.RecordBatch, 1)
	group, both := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(batches)
		return o.forward(both, rows, batches)
	})
	group.Go(func() error {
		for batch := range batches {
			if err := write(both, batch); err != nil {
				return err
			}
		}
		return nil
	})
	err = group.Wait()
	for batch := range batches {
		batch.Release()
	}
	if err != nil {
		return err
	}
	o.mu.Lock()
	o.dropped[step] += rows.Dropped()
	o.mu.Unlock()
	return nil
}

// file returns the file of a step's rows, which the step's first stream opens.
func (o *observer) file(ctx context.Context, step string, schema *arrow.Schema) (*evidence.File, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if file := o.files[step]; file != nil {
		return file, nil
	}
	file, err := o.start(ctx, step, schema)
	if err != nil {
		return nil, err
	}
	o.files[step] = file
	return file, nil
}

func (o *observer) start(ctx context.Context, step string, schema *arrow.Schema) (*evidence.File, error) {
	if step == stepMatched {
		return o.run.evidence.Matched(ctx, schema)
	}
	return o.run.evidence.Unmatched(ctx, sides[slices.Index(unmatchedStep[:], step)], schema)
}

// close finishes the files once every stream has ended.
func (o *observer) close(ctx context.Context) error {
	var errs []error
	for _, step := range []string{stepMatched, unmatchedStep[0], unmatchedStep[1]} {
		file := o.files[step]
		if file == nil {
			errs = append(errs, fmt.Errorf("internal error: step %s was never streamed", step))
			continue
		}
		errs = append(errs, file.Close(ctx))
	}
	return errors.Join(errs...)
}

func (o *observer) forward(ctx context.Context, rows plan.Stream, batches chan<- arrow.RecordBatch) error {
	dropped := int64(0)
	for {
		batch, err := rows.Next(ctx)
		o.run.progress.passed(rows.Dropped() - dropped)
		dropped = rows.Dropped()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case batches <- batch:
		case <-ctx.Done():
			batch.Release()
			return context.Cause(ctx)
		}
	}
}

// wrote notes that rows of a step were written.
func (o *observer) wrote(step string, file *evidence.File, rows int64) error {
	o.run.progress.wrote(step, rows)
	if step != stepMatched {
		return nil
	}
	if o.run.places > 0 {
		o.run.progress.found(file.Rows())
	}
	return o.run.checkRows(file.Rows())
}
