package scheduler

import (
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/ballista/plan"
	"kallad/ballista/proto/control"
)

// task is a task of a stage on its way.
type task struct {
	stage    *stage
	index    int
	attempts []*attempt
	// winner is the attempt whose outputs count; nil while there is none.
	winner *attempt
	// failures are attempts that failed for no fault of the query's; refetches
	// are those that found an input lost.
	failures, refetches int
	// losses are the executors that were lost while they ran it.
	losses []string
	// earliest is when it may be tried again.
	earliest time.Time
	// failedOn are executors that others are preferred to; noDisk are those
	// that had no room for it.
	failedOn, noDisk map[string]bool
	// exclusive says that it needs an executor for itself; starved is the most
	// memory that it has had so and that was not enough.
	exclusive bool
	starved   int64
	// streams say how far each result is that goes to the observer.
	streams map[string]streamState
}

// streamState is how far a result is on its way to the observer.
type streamState int

const (
	streamPending streamState = iota
	// streamQueued: its delivery has been told of it.
	streamQueued
	// streamKept: it is in this process, so that its executor may go.
	streamKept
	streamDelivered
)

func newTask(st *stage, index int) *task {
	t := &task{stage: st, index: index, failedOn: map[string]bool{}, noDisk: map[string]bool{}, streams: map[string]streamState{}}
	for _, step := range st.def.Steps {
		if step.Kind == plan.StepStream {
			t.streams[step.Name] = streamPending
		}
	}
	return t
}

// attempt is one attempt at a task.
type attempt struct {
	task              *task
	id                plan.TaskID
	executor          *executor
	started, finished time.Time
	state             plan.StageState
	err               string
	// direct says that its streams go straight to the observer.
	direct bool
	// cancelled says that its executor was asked to end it.
	cancelled bool
	// lost says that what it wrote is not to be had any more.
	lost bool

	rows    map[string]int64
	begun   []string
	share   float64
	loaded  map[string]int64
	values  map[string][]int64 // of counting steps
	outputs map[string]*output
	rowsIn  int64 // of pieces
	// bytesIn is of pieces, and of sources as they lie where they are, as far as
	// their sizes are known.
	bytesIn int64
}

// output is what an attempt wrote in one step.
type output struct {
	schema  *arrow.Schema
	written []*control.Written
	dropped int64
	// stays says that whoever reads it goes where it lies.
	stays bool
}

// rowsOut and bytesOut are what leaves its task.
func (o *output) rowsOut() int64 {
	if o.stays {
		return 0
	}
	return o.rows()
}

func (o *output) bytesOut() int64 {
	if o.stays {
		return 0
	}
	return o.bytes()
}

func (o *output) bytes() (total int64) {
	for _, w := range o.written {
		total += w.Bytes
	}
	return total
}

func (o *output) rows() (total int64) {
	for _, w := range o.written {
		total += w.Rows
	}
	return total
}

func (o *output) spilled() (total int64) {
	for _, w := range o.written {
		total += w.Spilled
	}
	return total
}

// live returns the attempts that run.
func (t *task) live() []*attempt {
	var out []*attempt
	for _, a := range t.attempts {
		if a.state == plan.StageRunning {
			out = append(out, a)
		}
	}
	return out
}

// pending reports whether the task waits for an executor.
func (t *task) pending() bool { return t.winner == nil && len(t.wanted()) == 0 }

// wanted returns the attempts that run and that nobody has given up.
func (t *task) wanted() []*attempt {
	return slices.DeleteFunc(t.live(), func(a *attempt) bool { return a.cancelled })
}

func (t *task) rowsOf(source string) int64 {
	if t.winner != nil {
		return max(t.winner.rows[source], t.winner.loaded[source])
	}
	most := int64(0)
	for _, a := range t.wanted() {
		most = max(most, a.rows[source])
	}
	return most
}

func (t *task) shareOf(step string) float64 {
	if t.winner != nil {
		return 1
	}
	most := 0.0
	for _, a := range t.wanted() {
		switch at := slices.Index(a.begun, step); {
		case at < 0:
		case at == len(a.begun)-1:
			most = max(most, a.share)
		default:
			most = 1
		}
	}
	return most
}

// needed reports whether what the task's winner wrote is still to be read.
func (t *task) needed() bool {
	for _, state := range t.streams {
		if state == streamPending || state == streamQueued {
			return true
		}
	}
	j := t.stage.job
	for _, st := range j.stages {
		if !st.done() && reads(st.def, t.stage.def.ID) {
			return true
		}
	}
	for _, c := range j.choices {
		for _, def := range append(c.Then.AllStages(), c.Else.AllStages()...) {
			if reads(def, t.stage.def.ID) {
				return true
			}
		}
	}
	return false
}

func reads(def plan.Stage, id int) bool {
	return slices.ContainsFunc(def.Inputs, func(in plan.StageInput) bool { return in.From != nil && in.From.Stage == id })
}

// repair takes the winners from tasks whose outputs are lost and still needed,
// so that they run again. Readers come after those that they read, so one pass
// from the last stage to the first finds all, however deep.
func (j *job) repair() {
	for _, st := range slices.Backward(j.stages) {
		for _, t := range st.tasks {
			if t.winner != nil && t.winner.lost && t.needed() {
				if source := t.readsOnce(); source != "" {
					j.fail(&MomentError{Source: source, Executor: t.winner.executor.id})
					return
				}
				t.winner = nil
				t.stage.left++
				j.s.metrics.remade.Inc()
				j.changed()
			}
		}
	}
}
