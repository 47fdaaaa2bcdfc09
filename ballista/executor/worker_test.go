package executor_test

import (
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"kallad/ballista/executor"
	"kallad/ballista/proto/control"
	"kallad/ballista/shuffle"
)

// A task that this version cannot read must not hold its slot for ever.
func TestTaskThatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	store, err := shuffle.NewStore(shuffle.Config{Dir: t.TempDir()}, log)
	require.NoError(t, err)
	reports := make(chan *control.Report, 1)
	w := executor.NewWorker(executor.New(nil, nil, nil), store, executor.NewMetrics(prometheus.NewRegistry()), log,
		func(r *control.Report) { reports <- r })
	id := &control.TaskID{Job: "j", Stage: 1, Task: 2, Attempt: 3}
	w.Do(&control.Order{Order: &control.Order_Launch{Launch: &control.Launch{Task: []byte(`{"id": 7}`), Id: id}}})
	ended := (<-reports).GetEnded()
	require.Equal(t, control.Outcome_NOT_STARTED, ended.Outcome)
	require.Equal(t, id.String(), ended.Id.String())
	require.Contains(t, ended.Message, "read the task")
	require.Len(t, w.Unacknowledged(), 1)
	w.Do(&control.Order{Order: &control.Order_Acknowledge{Acknowledge: &control.Acknowledge{Id: id}}})
	require.Empty(t, w.Unacknowledged())
	w.Close()
	require.NoError(t, store.Close())
}
