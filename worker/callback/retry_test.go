package callback_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/callback"
	"kallad/worker/recon"
)

// failing answers with one error after the other, then acknowledges.
func failing(errs ...error) func(context.Context, callback.Delivery) error {
	return func(_ context.Context, d callback.Delivery) error {
		if d.Event == callback.EventProgress || d.Attempt > len(errs) {
			return nil
		}
		return errs[d.Attempt-1]
	}
}

// waits returns the time between each attempt and the next.
func waits(got []sent) []time.Duration {
	var list []time.Duration
	for i := 1; i < len(got); i++ {
		list = append(list, got[i].at-got[i-1].at)
	}
	return list
}

func end(t *testing.T, r *receiver, m *meter) *callback.Notifier {
	t.Helper()
	n := notifier(t, callback.New(callback.DefaultConfig(), r, m, quiet))
	n.Release()
	complete(t, n, &recon.Result{})
	<-n.Done()
	return n
}

func TestAFinalCallbackIsRetriedUntilAcknowledged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("connection refused")
		r := newReceiver(failing(refused, &callback.StatusError{Code: 404}, &callback.StatusError{Code: 302},
			&callback.StatusError{Code: 401}, refused, refused, refused, refused, refused))
		m := &meter{}
		require.NoError(t, end(t, r, m).Err())
		got := r.all()
		require.Len(t, got, 10)
		backoff := 500 * time.Millisecond
		for i, wait := range waits(got) {
			assert.GreaterOrEqual(t, wait, backoff/2, "wait %d", i)
			assert.LessOrEqual(t, wait, backoff, "wait %d", i)
			backoff = min(2*backoff, 30*time.Second)
			assert.Equal(t, "run-1/final", got[i+1].id, "a receiver can tell repeats")
			assert.Equal(t, i+2, got[i+1].attempt)
		}
		assert.Equal(t, map[string]int{"request complete failed": 9, "request complete ok": 1, "delivery complete ok": 1}, m.counts)
	})
}

func TestRetryAfterIsHonouredUpToABound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// The clock of a test bubble starts at midnight UTC of 2000-01-01.
		r := newReceiver(failing(
			&callback.StatusError{Code: 503, RetryAfter: "7"},
			&callback.StatusError{Code: 503, RetryAfter: "Sat, 01 Jan 2000 00:00:40 GMT"},
			&callback.StatusError{Code: 503, RetryAfter: "86400"},
			&callback.StatusError{Code: 503, RetryAfter: "soon"},
		))
		require.NoError(t, end(t, r, &meter{}).Err())
		got := waits(r.all())
		require.Len(t, got, 4)
		assert.Equal(t, 7*time.Second, got[0])
		assert.Equal(t, 40*time.Second, r.all()[2].at)
		assert.Equal(t, time.Minute, got[2], "the bound")
		assert.LessOrEqual(t, got[3], 4*time.Second, "nonsense is ignored")
	})
}

func TestAFinalCallbackIsGivenUpWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(func(ctx context.Context, _ callback.Delivery) error {
			<-ctx.Done() // a receiver that never answers
			return &callback.StatusError{Code: 504}
		})
		m := &meter{}
		began := time.Now()
		err := end(t, r, m).Err()
		require.ErrorContains(t, err, "given up after")
		require.ErrorContains(t, err, "the receiver answered 504")
		took := time.Since(began)
		assert.LessOrEqual(t, took, 10*time.Minute+250*time.Millisecond)
		assert.Greater(t, took, 9*time.Minute)
		assert.Equal(t, 1, m.counts["delivery complete failed"])
	})
}

func TestStopGivesDeliveriesTheirTimeAndThenEndsThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(failing(errors.New("refused"), errors.New("refused")))
		s := newSender(r)
		n := notifier(t, s)
		n.Release()
		complete(t, n, &recon.Result{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, s.Stop(ctx))
		require.NoError(t, n.Err(), "there was time enough")

		late := notifier(t, s)
		<-late.Done()
		assert.ErrorIs(t, late.Err(), callback.ErrStopped, "nothing begins after Stop")
	})
	synctest.Test(t, func(t *testing.T) {
		stuck := newReceiver(func(ctx context.Context, _ callback.Delivery) error { <-ctx.Done(); return ctx.Err() })
		s := newSender(stuck)
		n, unreleased, endless := notifier(t, s), notifier(t, s), notifier(t, s)
		n.Release()
		complete(t, n, &recon.Result{})
		complete(t, unreleased, &recon.Result{})
		time.Sleep(time.Second)
		require.NoError(t, s.Stop(expired()))
		assert.ErrorIs(t, n.Err(), callback.ErrStopped)
		assert.ErrorIs(t, unreleased.Err(), callback.ErrStopped)
		assert.ErrorIs(t, endless.Err(), callback.ErrStopped)
	})
}

func TestConfigNamesEverySettingThatCannotWork(t *testing.T) {
	t.Parallel()
	require.NoError(t, callback.DefaultConfig().Validate())
	err := callback.Config{ProgressInterval: -1, Grace: -1, BackoffFirst: time.Second}.Validate()
	for _, name := range []string{"progress interval", "grace", "request timeout", "final timeout", "largest backoff"} {
		assert.ErrorContains(t, err, name)
	}
}
