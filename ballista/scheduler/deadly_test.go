package scheduler_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
	"kallad/ballista/scheduler"
)

// TestATaskThatEndsExecutorsIsFoundOut runs a job whose tasks end whatever runs
// them beside one that only has bad company. Somebody starts each executor
// again.
func TestATaskThatEndsExecutorsIsFoundOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		var mu sync.Mutex
		killed := 0
		w.behave = func(e *standIn, task plan.Task) (time.Duration, *control.Ended) {
			if strings.HasPrefix(task.ID.Job, "deadly") {
				time.Sleep(time.Second)
				mu.Lock()
				killed++
				mu.Unlock()
				e.kill()
				w.join(4)
				return time.Hour, nil
			}
			return 2 * time.Second, nil
		}
		w.join(4)
		w.join(4)
		var others sync.WaitGroup
		var o observer
		others.Go(func() { require.NoError(t, w.Run(t.Context(), chain("innocent", 30, 3, 4), &o)) })
		err := w.Run(t.Context(), chain("deadly", 30, 2, 2), &observer{})
		var deadly *scheduler.DeadlyError
		require.ErrorAs(t, err, &deadly)
		require.Len(t, deadly.Executors, 3)
		for _, e := range deadly.Executors {
			require.ErrorContains(t, err, e)
		}
		require.LessOrEqual(t, killed, 2*3, "of each executor three lives at most")
		others.Wait()
		o.check(t, 30)
		w.end()
	})
}

func TestAJobThatCanBeRepeatedIsNotFinishedInThisProcess(t *testing.T) {
	for name, whole := range map[string]bool{"whole jobs only": true, "what is left": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(cfg *scheduler.Config) { cfg.LocalWhole = whole })
				w.addLocal(2)
				e := w.join(2)
				w.behave = func(s *standIn, _ plan.Task) (time.Duration, *control.Ended) {
					if s == e {
						e.kill()
					}
					return time.Second, nil
				}
				job := chain("j", 30, 3, 4)
				job.Repeatable = true
				o := &observer{}
				err := w.Run(t.Context(), job, o)
				if whole {
					var again interface{ StartAgain() bool }
					require.ErrorAs(t, err, &again)
					require.True(t, again.StartAgain())
				} else {
					require.NoError(t, err)
					o.check(t, 30)
				}
				w.end()
			})
		})
	}
}
