package executor

import (
	"context"
	"encoding/json"
	"fmt"

	"kallad/ballista/plan"
)

// Solo runs jobs of one task in this process.
type Solo struct{ *Executor }

// Places implements the engine of a runner: there are no executors.
func (s Solo) Places() int { return 0 }

// Run runs the job's only task; its streams go straight to the observer.
func (s Solo) Run(ctx context.Context, job plan.Job, observer plan.Observer) error {
	if len(job.Graph.Stages) != 1 || job.Graph.Stages[0].Tasks != 1 {
		return fmt.Errorf("internal error: not one task")
	}
	stage := job.Graph.Stages[0]
	task := plan.Task{ID: plan.TaskID{Job: job.ID}, Steps: stage.Steps, Alone: true}
	for _, in := range stage.Inputs {
		scan := job.Scans[in.ScanKey()]
		input := plan.Input{Table: in.Table, Streamed: in.Streamed, Source: in.Source, Schema: scan.Schema, Scan: scan.Raw}
		input.Partitions = make([]json.RawMessage, len(scan.Partitions))
		for i, p := range scan.Partitions {
			input.Partitions[i] = p.Raw
		}
		task.Inputs = append(task.Inputs, input)
	}
	return s.Executor.Run(ctx, task, job.Locations, soloObserver{observer})
}

type soloObserver struct{ plan.Observer }

func (soloObserver) Write(context.Context, plan.Step, plan.Stream) error {
	return fmt.Errorf("internal error: a job of one task writes for no stage")
}
