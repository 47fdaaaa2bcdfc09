package scheduler_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
	"kallad/ballista/scheduler"
)

// TestAMomentThatIsGoneIsNotReadAgain loses the rows of a source with the
// executor that had read them, when another is about to need them. A source
// that shows the same moment again is read again; of one that does not, the
// rows would not be those of the rest.
func TestAMomentThatIsGoneIsNotReadAgain(t *testing.T) {
	for name, once := range map[string]bool{"can be read once": true, "can be read again": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				reader := w.join(1)
				var kill sync.Once
				w.behave = func(e *standIn, task plan.Task) (time.Duration, *control.Ended) {
					if task.ID.Stage > 0 {
						kill.Do(func() { go reader.kill() })
						return time.Minute, nil
					}
					return time.Second, nil
				}
				job := chain("j", 1, 2, 1)
				for key, scan := range job.Scans {
					scan.Partitions[0].Once = once
					job.Scans[key] = scan
				}
				time.AfterFunc(500*time.Millisecond, func() { w.join(1) })
				o := &observer{}
				err := w.Run(t.Context(), job, o)
				if !once {
					require.NoError(t, err)
					o.check(t, 1)
					w.end()
					return
				}
				var lost *scheduler.MomentError
				require.ErrorAs(t, err, &lost)
				require.Equal(t, scheduler.MomentError{Source: "src", Executor: reader.id}, *lost)
				require.True(t, lost.StartAgain())
				require.ErrorContains(t, err, `rows of source "src", which cannot be read again`)
				w.end()
			})
		})
	}
}
