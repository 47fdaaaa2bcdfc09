package callback_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/callback"
	"kallad/worker/recon"
)

// restarted is a final as a later process finds it.
func restarted(t *testing.T, f callback.Final) callback.Final {
	t.Helper()
	text, err := json.Marshal(f)
	require.NoError(t, err)
	var again callback.Final
	require.NoError(t, json.Unmarshal(text, &again))
	return again
}

func TestAFinalCallbackIsTheSameAfterARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := 0
		var bodies []string
		r := newReceiver(func(_ context.Context, d callback.Delivery) error {
			bodies = append(bodies, string(d.Body))
			if answers++; answers < 3 {
				return errors.New("refused")
			}
			return nil
		})
		f, err := callback.Fail(callback.Failure{RunID: "run-1", Error: `<&> "é" of postgres://u:s3cret@h/db`, Stage: recon.StageStaging}, time.Now())
		require.NoError(t, err)
		told := make(chan error, 2)
		for range 2 {
			s := newSender(r)
			n, err := s.Notifier(job(), 1, func(err error) { told <- err })
			require.NoError(t, err)
			n.Release()
			n.End(f)
			if answers == 0 {
				time.Sleep(400 * time.Millisecond) // one attempt
				require.NoError(t, s.Stop(expired()))
				assert.ErrorIs(t, <-told, callback.ErrStopped)
			} else {
				assert.NoError(t, <-told)
				require.NoError(t, s.Stop(expired()))
			}
			f = restarted(t, f)
		}
		got := r.all()
		require.Len(t, got, 3)
		for i := range got {
			assert.Equal(t, "run-1/final", got[i].id)
			assert.Equal(t, bodies[0], bodies[i])
		}
		assert.NotContains(t, bodies[0], "s3cret")
	})
}

func TestAfterARestartADeliveryHasWhatIsLeftOfItsTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		ago, takes time.Duration
	}{
		{"some of it", 4 * time.Minute, 6 * time.Minute},
		{"nothing, but a last chance", time.Hour, time.Minute},
		{"all, of a job that ended by a clock ahead of ours", -24 * time.Hour, 10 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newReceiver(func(context.Context, callback.Delivery) error { return errors.New("refused") })
				s := newSender(r)
				var end error
				n, err := s.Notifier(job(), 1, func(err error) { end = err })
				require.NoError(t, err)
				n.Release()
				f, err := callback.Complete(&recon.Result{RunID: "run-1", FinishedAt: time.Now().Add(-c.ago)})
				require.NoError(t, err)
				began := time.Now()
				n.End(f)
				<-n.Done()
				assert.ErrorContains(t, end, "given up")
				assert.NotErrorIs(t, end, callback.ErrStopped)
				assert.LessOrEqual(t, time.Since(began), c.takes+time.Second)
				assert.Greater(t, time.Since(began), c.takes-31*time.Second, "no wait is longer than the largest backoff")
			})
		})
	}
}

func TestProgressOfALaterRunIsNoRepetition(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(nil)
		s := newSender(r)
		for run := 1; run <= 2; run++ {
			n, err := s.Notifier(job(), run, nil)
			require.NoError(t, err)
			n.Release()
			n.Progress(at(recon.StageStaging, 0))
			synctest.Wait()
			time.Sleep(time.Second)
			n.Discard()
			<-n.Done()
		}
		assert.Equal(t, "run-1/progress/1", r.all()[0].id)
		assert.Equal(t, "run-1/2/progress/1", r.all()[1].id)
	})
}
