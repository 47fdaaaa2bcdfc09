package scheduler

import (
	"context"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"kallad/ballista/proto/externalscaler"
)

// scaler answers KEDA: how much work there is, so that it can start and stop
// executors. The metric is the number of slots that could be used at once; the
// entry slotsPerExecutor in the trigger's metadata says how many one executor
// has (default: what the executors there are have, else 1).
type scaler struct {
	externalscaler.UnimplementedExternalScalerServer
	scheduler *Scheduler
}

// scalerMetric is the name of the metric.
const scalerMetric = "kallad_slots_wanted"

const slotsPerExecutor = "slotsPerExecutor"

// IsActive implements externalscaler.ExternalScalerServer.
func (k scaler) IsActive(context.Context, *externalscaler.ScaledObjectRef) (*externalscaler.IsActiveResponse, error) {
	active, _ := k.scheduler.active()
	return &externalscaler.IsActiveResponse{Result: active}, nil
}

// StreamIsActive implements externalscaler.ExternalScalerServer.
func (k scaler) StreamIsActive(_ *externalscaler.ScaledObjectRef, stream grpc.ServerStreamingServer[externalscaler.IsActiveResponse]) error {
	for first, told := true, false; ; first = false {
		active, changed := k.scheduler.active()
		if first || active != told {
			if err := stream.Send(&externalscaler.IsActiveResponse{Result: active}); err != nil {
				return err
			}
			told = active
		}
		select {
		case <-stream.Context().Done():
			return stream.Context().Err()
		case <-changed:
			if k.scheduler.isClosed() {
				return status.Error(codes.Unavailable, ErrClosed.Error())
			}
		}
	}
}

// GetMetricSpec implements externalscaler.ExternalScalerServer.
func (k scaler) GetMetricSpec(_ context.Context, ref *externalscaler.ScaledObjectRef) (*externalscaler.GetMetricSpecResponse, error) {
	per := k.scheduler.slotsEach()
	if text, ok := ref.GetScalerMetadata()[slotsPerExecutor]; ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, status.Errorf(codes.InvalidArgument, "%s %q in the trigger's metadata: want a number of at least 1", slotsPerExecutor, text)
		}
		per = n
	}
	return &externalscaler.GetMetricSpecResponse{MetricSpecs: []*externalscaler.MetricSpec{
		{MetricName: scalerMetric, TargetSize: int64(per), TargetSizeFloat: float64(per)},
	}}, nil
}

// GetMetrics implements externalscaler.ExternalScalerServer.
func (k scaler) GetMetrics(_ context.Context, req *externalscaler.GetMetricsRequest) (*externalscaler.GetMetricsResponse, error) {
	if req.MetricName != "" && req.MetricName != scalerMetric {
		return nil, status.Errorf(codes.NotFound, "there is no metric %q, only %s", req.MetricName, scalerMetric)
	}
	n := k.scheduler.slotsWanted()
	return &externalscaler.GetMetricsResponse{MetricValues: []*externalscaler.MetricValue{
		{MetricName: scalerMetric, MetricValue: int64(n), MetricValueFloat: float64(n)},
	}}, nil
}

// active reports whether there is work; the channel is closed when that may
// have changed.
func (s *Scheduler) active() (bool, <-chan struct{}) {
	waiting := s.cfg.Backlog()
	s.mu.Lock()
	defer s.mu.Unlock()
	return waiting > 0 || len(s.jobs)+s.elsewhere > 0, s.changed
}

func (s *Scheduler) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// slotsEach is how many slots an executor has, as far as one can be seen.
func (s *Scheduler) slotsEach() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := 1
	for _, e := range s.executors {
		most = max(most, int(e.hello.Slots))
	}
	return most
}

// slotsWanted is how many tasks could run now if there were room, with one for
// each job that waits elsewhere.
func (s *Scheduler) slotsWanted() int {
	n := s.cfg.Backlog()
	s.mu.Lock()
	defer s.mu.Unlock()
	n += s.elsewhere
	for _, j := range s.order {
		for _, st := range j.stages {
			if st.done() || !st.ready() {
				continue
			}
			for _, t := range st.tasks {
				if t.winner == nil {
					n++
				}
			}
		}
	}
	return n
}
