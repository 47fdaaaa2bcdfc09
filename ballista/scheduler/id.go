package scheduler

import (
	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
)

func toWire(id plan.TaskID) *control.TaskID {
	return &control.TaskID{Job: id.Job, Stage: int32(id.Stage), Task: int32(id.Task), Attempt: int32(id.Attempt)}
}

func fromWire(id *control.TaskID) plan.TaskID {
	return plan.TaskID{Job: id.GetJob(), Stage: int(id.GetStage()), Task: int(id.GetTask()), Attempt: int(id.GetAttempt())}
}
