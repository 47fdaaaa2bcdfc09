package callback_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/worker/callback"
	"kallad/worker/recon"
)

func TestAQuickJobTellsEachStageAndItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(nil)
		s := newSender(r)
		n := notifier(t, s)
		n.Progress(recon.Progress{Stage: recon.StageStaging, Fraction: 0, Source: "l"})
		n.Progress(recon.Progress{Stage: recon.StageStaging, Fraction: 0.4, Source: "r"})
		n.Progress(recon.Progress{Stage: recon.StageMatching, Fraction: 0.75, Source: "r", MatchedCount: count(3), TotalLeft: count(5), TotalRight: count(4)})
		n.Progress(at(recon.StageWritingResults, 1))
		complete(t, n, &recon.Result{MatchedCount: 3, UnmatchedLeftCount: 2, UnmatchedRightCount: 1,
			OutputPaths: recon.OutputPaths{Matched: "o/matched.parquet", UnmatchedLeft: "o/unmatched_left.parquet", UnmatchedRight: "o/unmatched_right.parquet"}})
		n.Release()
		require.NoError(t, s.Stop(context.Background()))
		require.NoError(t, n.Err())

		assert.Equal(t, []string{"progress staging", "progress matching", "progress writing_results", "complete"}, r.events())
		got := r.all()
		assert.Equal(t, map[string]any{"run_id": "run-1", "stage": "staging", "progress": 0.4, "source": "r"}, got[0].body)
		assert.Equal(t, map[string]any{"run_id": "run-1", "stage": "matching", "progress": 0.75,
			"matched_count": 3., "total_left": 5., "total_right": 4.}, got[1].body, "source is for staging only")
		assert.Equal(t, 5., got[2].body["total_left"], "what was known stays known")
		assert.Equal(t, "run-1/final", got[3].id)
		end := got[3].body
		assert.Equal(t, "run-1", end["run_id"])
		assert.Equal(t, []any{3., 2., 1.}, []any{end["matched_count"], end["unmatched_left_count"], end["unmatched_right_count"]})
		assert.Equal(t, map[string]any{"matched": "o/matched.parquet", "unmatched_left": "o/unmatched_left.parquet",
			"unmatched_right": "o/unmatched_right.parquet"}, end["output_paths"])
	})
}

func TestNothingIsSentBeforeTheAnswerAndTheGrace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(nil)
		s := newSender(r)
		n := notifier(t, s)
		n.Progress(at(recon.StageStaging, 0))
		fail(t, n, recon.StageStaging, "no such table")
		time.Sleep(time.Hour)
		assert.Empty(t, r.all(), "not released")
		n.Release()
		n.Release()
		synctest.Wait()
		assert.Empty(t, r.all(), "in the grace")
		<-n.Done()
		for _, c := range r.all() {
			assert.Equal(t, time.Hour+callback.DefaultConfig().Grace, c.at)
		}
		assert.Equal(t, []string{"progress staging", "error staging"}, r.events())
		assert.Equal(t, map[string]any{"run_id": "run-1", "error": "no such table", "stage": "staging"}, r.all()[1].body)
	})
}

func TestProgressIsThrottledAndTheLatestWins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(nil)
		s := newSender(r)
		n := notifier(t, s)
		n.Release()
		for i := range 100 {
			n.Progress(at(recon.StageStaging, float64(i)/200))
			time.Sleep(10 * time.Millisecond)
		}
		n.Progress(at(recon.StageMatching, 0.5))
		synctest.Wait()
		var times []time.Duration
		for _, c := range r.all() {
			times = append(times, c.at)
		}
		ms := time.Millisecond
		assert.Equal(t, []time.Duration{250 * ms, 750 * ms, 1000 * ms}, times, "the first, one an interval later, and the new stage at once")
		assert.Equal(t, 0.5, r.all()[2].body["progress"])
		complete(t, n, &recon.Result{})
		<-n.Done()
	})
}

func TestAReceiverThatHangsNeverHoldsTheJobUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(func(ctx context.Context, d callback.Delivery) error {
			if d.Event == callback.EventProgress {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		s := newSender(r)
		n := notifier(t, s)
		n.Release()
		began := time.Now()
		n.Progress(at(recon.StageStaging, 0.1))
		time.Sleep(time.Second)
		for i := range 1000 {
			n.Progress(at(recon.StageMatching, float64(i)/1000))
		}
		complete(t, n, &recon.Result{})
		assert.Equal(t, time.Second, time.Since(began), "telling takes no time")
		<-n.Done()
		assert.Equal(t, []string{"progress staging", "complete"}, r.events(), "the end does not wait for more of them")
		assert.Equal(t, 10*time.Second+250*time.Millisecond, r.all()[1].at, "and leaves when the one under way is over")
	})
}

func TestProgressNeverGoesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(nil)
		s := newSender(r)
		n := notifier(t, s)
		n.Release()
		rows := int64(100)
		for _, p := range []recon.Progress{
			{Stage: recon.StageStaging, Fraction: -1, Source: "l", RowsRead: &rows},
			{Stage: recon.StageStaging, Fraction: 0.3, Source: "l", RowsRead: count(90)},
			{Stage: recon.StageStaging, Fraction: math.NaN(), Source: "r", RowsRead: count(1)},
			{Stage: recon.StageMatching, Fraction: 0.2, MatchedCount: count(10), TotalLeft: count(20)},
			{Stage: recon.StageStaging, Fraction: 0.9},
			{Stage: recon.StageValidation, Fraction: 0.9},
			{Stage: recon.StageMatching, Fraction: 0.4, MatchedCount: count(9)},
			{Stage: recon.StageWritingResults, Fraction: 7},
		} {
			n.Progress(p)
			rows = 5 // the caller goes on with its own counter
			time.Sleep(time.Second)
		}
		complete(t, n, &recon.Result{})
		n.Progress(at(recon.StageWritingResults, 1))
		require.NoError(t, s.Stop(context.Background()))
		var fractions, read, matched []any
		for _, c := range r.all()[:6] {
			fractions = append(fractions, c.body["progress"])
			read = append(read, c.body["rows_read"])
			matched = append(matched, c.body["matched_count"])
		}
		assert.Equal(t, []any{0., 0.3, 0.3, 0.3, 0.4, 1.}, fractions)
		assert.Equal(t, []any{100., 100., 1., nil, nil, nil}, read)
		assert.Equal(t, []any{nil, nil, nil, 10., 10., 10.}, matched)
		assert.Equal(t, "complete", r.events()[6])
		assert.Len(t, r.all(), 7, "nothing after the end")
	})
}

func TestTheFirstEndCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(nil)
		s := newSender(r)
		n := notifier(t, s)
		n.Release()
		fail(t, n, recon.StageMatching, "cancelled")
		complete(t, n, &recon.Result{})
		n.Discard()
		<-n.Done()
		assert.Equal(t, []string{"error matching"}, r.events())
	})
}

func TestADiscardedNotifierTellsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(nil)
		s := newSender(r)
		n := notifier(t, s)
		n.Progress(at(recon.StageStaging, 0))
		n.Discard()
		<-n.Done()
		require.NoError(t, n.Err())
		assert.Empty(t, r.all())
	})
}

func TestAJobWithoutACallbackURLEndsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(nil)
		n, err := newSender(r).Notifier(&recon.Job{RunID: "x"}, 1, nil)
		require.NoError(t, err)
		began := time.Now()
		n.Progress(at(recon.StageStaging, 0))
		complete(t, n, &recon.Result{})
		<-n.Done()
		assert.Zero(t, time.Since(began))
		assert.Empty(t, r.all())
	})
}

func TestErrorTextsAreRedactedAndBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(nil)
		n := notifier(t, newSender(r))
		n.Release()
		long := make([]rune, 20_000)
		for i := range long {
			long[i] = 'ü'
		}
		fail(t, n, recon.StageStaging, "open postgres://u:s3cret@h/db: "+string(long))
		<-n.Done()
		text := r.all()[0].body["error"].(string)
		assert.Contains(t, text, "postgres://u:***@h/db")
		assert.Less(t, len(text), 17_000)
		assert.NotContains(t, text, "\uFFFD", "cut between characters")
	})
}
