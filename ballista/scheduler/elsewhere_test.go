package scheduler_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"kallad/ballista/plan"
	"kallad/ballista/scheduler"
)

// heard is an observer that counts how often it was told of stages.
type heard struct {
	plan.Observer
	stages int
}

func (h *heard) Stages([]plan.StageStatus) { h.stages++ }

func TestJobsOfOtherProcessesCount(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	s := scheduler.New(scheduler.DefaultConfig(), nil, scheduler.NewMetrics(registry), slog.New(slog.DiscardHandler))
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	h := &heard{}
	several, single, failed, cancelled := s.Elsewhere(h), s.Elsewhere(h), s.Elsewhere(h), s.Elsewhere(h)
	value := func(name, outcome string) float64 {
		t.Helper()
		families, err := registry.Gather()
		require.NoError(t, err)
		for _, family := range families {
			for _, m := range family.GetMetric() {
				if family.GetName() == "kalla_scheduler_"+name && (outcome == "" || m.GetLabel()[0].GetValue() == outcome) {
					return m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
				}
			}
		}
		t.Fatalf("no %s %s", name, outcome)
		return 0
	}
	require.EqualValues(t, 4, value("jobs", ""))
	now := time.Now()
	several.Stages([]plan.StageStatus{
		{Started: now, Finished: now, Retries: 1, Attempts: []plan.TaskStatus{{State: plan.StageFailed}, {State: plan.StageDone}}},
		{Started: now, Attempts: []plan.TaskStatus{{State: plan.StageRunning}}},
	})
	require.Equal(t, 1, h.stages)
	several.End(nil)
	single.End(nil)
	failed.End(errors.New("no"))
	cancelled.End(context.Canceled)
	require.EqualValues(t, 0, value("jobs", ""))
	require.EqualValues(t, 2, value("tasks_ended_total", "done"))
	require.EqualValues(t, 2, value("tasks_ended_total", "failed"))
	require.EqualValues(t, 1, value("tasks_ended_total", "cancelled"))
	require.EqualValues(t, 1, value("tasks_retried_total", ""))
	require.EqualValues(t, 6, value("tasks_started_total", ""))
	require.EqualValues(t, 2, value("stage_seconds", ""))
}
