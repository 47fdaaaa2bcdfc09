package scheduler_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
	"kallad/ballista/scheduler"
)

// localWorker is a stand-in for this process's worker.
type localWorker struct {
	*standIn
	runs int
}

// Do implements scheduler.Worker.
func (l *localWorker) Do(order *control.Order) {
	l.members.Go(func() { l.do(nil, order) })
}

// Run implements scheduler.Worker.
func (l *localWorker) Run(ctx context.Context, task plan.Task, _ map[string]plan.Secret, o plan.TaskObserver) error {
	l.runs++
	var values []int64
	for _, raw := range task.Inputs[0].Partitions {
		var n int64
		if err := json.Unmarshal(raw, &n); err != nil {
			return err
		}
		values = append(values, n)
	}
	o.Rows("src", len(values))
	o.Loaded("src", int64(len(values)))
	if values[0] == 13 {
		return errors.New("bad luck")
	}
	if err := o.Counts("count", []int64{int64(len(values))}); err != nil {
		return err
	}
	return o.Stream(ctx, "out", newRows(values))
}

func (w *world) addLocal(slots int) *localWorker {
	l := &localWorker{standIn: newStandIn(w, plan.LocalExecutor, slots)}
	w.executors[l.id] = l.standIn
	w.AddLocal(l.hello, func(report func(*control.Report)) scheduler.Worker {
		l.report = report
		return l
	})
	return l
}

func TestWithoutExecutorsAJobOfOneTaskRunsDirectly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		l := w.addLocal(2)
		o := &observer{}
		require.Zero(t, w.Places())
		require.NoError(t, w.Run(t.Context(), chain("j", 10, 1, 1), o))
		o.check(t, 10)
		require.Equal(t, 1, l.runs)
		require.Empty(t, o.stages, "the worker tells of its steps itself")
		w.end()
	})
}

func TestADirectRunThatFailsIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		l := w.addLocal(2)
		job := chain("j", 10, 1, 1)
		for _, scan := range job.Scans {
			scan.Partitions[0].Raw = json.RawMessage("13")
		}
		require.EqualError(t, w.Run(t.Context(), job, &observer{}), "bad luck")
		require.Equal(t, 1, l.runs)
		w.end()
	})
}

func TestTakesOverWhenAllExecutorsAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		l := w.addLocal(2)
		a, b := w.join(2), w.join(2)
		var once sync.Once
		w.behave = func(_ *standIn, task plan.Task) (time.Duration, *control.Ended) {
			if task.ID.Stage == 1 {
				once.Do(func() {
					go a.kill()
					go b.kill()
				})
			}
			return time.Second, nil
		}
		o := &observer{}
		require.NoError(t, w.Run(t.Context(), chain("j", 30, 3, 6), o))
		o.check(t, 30)
		require.Positive(t, l.most)
		w.end()
	})
}

func TestTakesOverAJobOfOneTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		l := w.addLocal(2)
		a := w.join(2)
		w.behave = func(*standIn, plan.Task) (time.Duration, *control.Ended) {
			go a.kill()
			return time.Hour, nil
		}
		o := &observer{}
		began := time.Now()
		require.NoError(t, w.Run(t.Context(), chain("j", 30, 1, 1), o))
		o.check(t, 30)
		require.Equal(t, 1, l.runs)
		require.Equal(t, 10*time.Second, time.Since(began).Truncate(time.Second), "both graces have passed")
		w.end()
	})
}

func TestExecutorThatJoinsTakesOverFromThisProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		l := w.addLocal(1)
		w.behave = func(*standIn, plan.Task) (time.Duration, *control.Ended) { return time.Second, nil }
		o := &observer{}
		wait := w.background(t.Context(), chain("j", 30, 2, 10), o)
		time.Sleep(2500 * time.Millisecond)
		e := w.join(4)
		require.NoError(t, wait())
		o.check(t, 30)
		require.Equal(t, 4, e.most)
		require.Equal(t, 1, l.most)
		w.end()
	})
}
