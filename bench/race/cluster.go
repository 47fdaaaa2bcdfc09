package race

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"kallad/bench/cluster"
	"kallad/bench/report"
	"kallad/bench/scenario"
	"kallad/worker/recon"
)

// kalladCluster is a daemon with executors that run all through a scenario.
type kalladCluster struct {
	running  *cluster.Cluster
	scenario scenario.Scenario
	at       *place
	jobs     int
}

func (k *kalladCluster) name() string {
	return "kallad-cluster-" + strconv.Itoa(k.scenario.Cluster.Executors)
}

func (k *kalladCluster) about() string {
	return fmt.Sprintf("`kallad scheduler` and %d `kallad executor`, each on cores of its own (%d); from the POST of a job to its final callback, memory and CPU time of all processes together",
		k.scenario.Cluster.Executors, k.scenario.Cluster.Cores)
}

func (k *kalladCluster) run(ctx context.Context, dir string) (outcome, error) {
	k.jobs++
	job := newJob(k.scenario, k.at, fmt.Sprintf("bench-%s-%d", k.scenario.Name, k.jobs), dir)
	done, err := k.running.Run(ctx, job)
	if err != nil {
		return outcome{}, fmt.Errorf("%s: %w", k.name(), err)
	}
	result := done.Status.Result
	if result == nil {
		return outcome{}, fmt.Errorf("%s: job %s is %s and has no result", k.name(), job.RunID, done.Status.State)
	}
	// A daemon that has lost its executors works alone, which is not what is
	// measured here.
	if result.EngineMode != engineModeCluster {
		return outcome{}, fmt.Errorf("%s: job %s ran in mode %s", k.name(), job.RunID, result.EngineMode)
	}
	return outcome{counts: countsOf(result), took: report.Run{
		Seconds: done.Seconds, CPUSeconds: done.Used.CPUSeconds, PeakBytes: done.Used.PeakBytes,
		ReadBytes: result.ReadBytes, ShuffledBytes: result.ShuffledBytes, Stages: planStages(done.Status.Stages),
	}}, nil
}

const engineModeCluster = "cluster"

func (k *kalladCluster) evidence(dir string) (string, bool) { return dir, true }

func (k *kalladCluster) close() error { return k.running.Stop() }

// planStages is the wall time of each stage of the plan. They overlap.
func planStages(stages []recon.StageStatus) map[string]float64 {
	took := map[string]float64{}
	for _, s := range stages {
		if s.StartedAt != nil && s.FinishedAt != nil {
			took[s.Name] += s.FinishedAt.Sub(*s.StartedAt).Seconds()
		}
	}
	return took
}

// startCluster starts a scenario's cluster.
func startCluster(ctx context.Context, cfg Config, s scenario.Scenario, at *place) (*kalladCluster, error) {
	dir := filepath.Join(cfg.Work, "cluster-"+s.Name)
	running, err := cluster.Start(ctx, cluster.Config{
		Kallad: cfg.Kallad, Dir: dir, OutputRoot: cfg.Work, Executors: s.Cluster.Executors, Cores: s.Cluster.Cores, Args: s.KalladArgs, Env: at.env,
	})
	if err != nil {
		return nil, err
	}
	return &kalladCluster{running: running, scenario: s, at: at}, nil
}
