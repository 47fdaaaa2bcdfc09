package scheduler

import (
	"encoding/json"

	"kallad/ballista/plan"
)

// plan returns the attempt as its executor is to take it. Everything that the
// stage reads is there.
func (a *attempt) plan() plan.Task {
	st := a.task.stage
	out := plan.Task{ID: a.id, Steps: st.def.Steps, Alone: st.def.Tasks == 1}
	for i, in := range st.def.Inputs {
		if in.From != nil {
			out.Inputs = append(out.Inputs, a.exchange(i, in))
			continue
		}
		scan := st.job.plan.Scans[in.ScanKey()]
		input := plan.Input{
			Table: in.Table, Schema: scan.Schema, Streamed: in.Streamed,
			Source: in.Source, Again: in.Again, Scan: scan.Raw, Partitions: []json.RawMessage{},
		}
		if in.Whole != nil {
			input.Columns = in.Columns
		}
		for _, p := range st.shares[i][a.task.index] {
			input.Partitions = append(input.Partitions, scan.Partitions[p].Raw)
			a.bytesIn += max(0, scan.Partitions[p].Bytes)
		}
		out.Inputs = append(out.Inputs, input)
	}
	return out
}

// exchange is an input of what other tasks wrote.
func (a *attempt) exchange(i int, in plan.StageInput) plan.Input {
	input := plan.Input{Table: in.Table, Streamed: in.Streamed}
	from := a.task.stage.job.byID[in.From.Stage]
	input.Schema = plan.Schema{Schema: from.tasks[0].winner.outputs[in.From.Step].schema}
	a.task.pieces(i, func(p plan.Piece) {
		input.Pieces = append(input.Pieces, p)
		a.rowsIn += p.Rows
		a.bytesIn += p.Bytes
	})
	return input
}

// pieces calls visit with each piece of an input that the task reads and that
// has rows.
func (t *task) pieces(i int, visit func(plan.Piece)) {
	st, in := t.stage, t.stage.def.Inputs[i]
	for p, producer := range st.job.byID[in.From.Stage].tasks {
		w := producer.winner
		for _, written := range w.outputs[in.From.Step].written {
			at := int(written.Partition)
			if written.Rows == 0 || !st.owns(i, t.index, place{p, at}) {
				continue
			}
			visit(plan.Piece{
				From: w.id, Step: in.From.Step, Partition: at,
				Executor: w.executor.id, Address: w.executor.hello.FlightAddress, Rows: written.Rows, Bytes: written.Bytes,
			})
		}
	}
}

// owns reports whether a task reads what lies at a place.
func (st *stage) owns(i, task int, at place) bool {
	switch st.def.Inputs[i].Spread {
	case plan.SpreadAll:
		return true
	case plan.SpreadAligned:
		return at.partition%st.def.Tasks == task
	case plan.SpreadOwn:
		return at.task == task
	}
	return st.owners[i][at] == task
}

// settleOwners deals out the pieces of inputs that are split, once for the
// life of the stage: an attempt that is made again must read what the one
// before it would have read.
func (st *stage) settleOwners() {
	for i, in := range st.def.Inputs {
		if in.From == nil || in.Spread != plan.SpreadSplit || st.owners[i] != nil {
			continue
		}
		from := st.job.byID[in.From.Stage]
		step, _ := stepOf(from.def, in.From.Step)
		var places []place
		var sizes []int64
		for p, producer := range from.tasks {
			first := len(places)
			for partition := range max(1, step.Partitions) {
				places = append(places, place{p, partition})
				sizes = append(sizes, 0)
			}
			for _, w := range producer.winner.outputs[in.From.Step].written {
				sizes[first+int(w.Partition)] = w.Bytes
			}
		}
		st.owners[i] = map[place]int{}
		for k, owner := range balance(sizes, st.def.Tasks) {
			st.owners[i][places[k]] = owner
		}
	}
}

// held is how many bytes of a task's input each executor has. Everything that
// the stage reads is there.
func (t *task) held() map[string]int64 {
	held := map[string]int64{}
	for i, in := range t.stage.def.Inputs {
		if in.From != nil {
			t.pieces(i, func(p plan.Piece) { held[p.Executor] += max(1, p.Bytes) })
		}
	}
	return held
}

// home is the executor that holds what the task alone is to read, nil if it
// reads nothing of that kind.
func (t *task) home() *executor {
	for _, in := range t.stage.def.Inputs {
		if in.Spread != plan.SpreadOwn {
			continue
		}
		if w := t.stage.job.byID[in.From.Stage].tasks[t.index].winner; w.outputs[in.From.Step].rows() > 0 {
			return w.executor
		}
	}
	return nil
}

// readsOnce names a source of the task that would show another moment if it
// were read again, "" if there is none. What other tasks have of its rows
// would not fit what a second reading finds.
func (t *task) readsOnce() string {
	st := t.stage
	for i, in := range st.def.Inputs {
		if in.From != nil {
			continue
		}
		scan := st.job.plan.Scans[in.ScanKey()]
		for _, p := range st.shares[i][t.index] {
			if scan.Partitions[p].Once {
				return in.Source
			}
		}
	}
	return ""
}
