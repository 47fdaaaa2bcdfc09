package scheduler

import (
	"cmp"
	"slices"
	"time"

	"kallad/ballista/plan"
)

// stage is a stage of a job's graph on its way.
type stage struct {
	job   *job
	def   plan.Stage
	tasks []*task
	// left is how many tasks have no winner.
	left              int
	started, finished time.Time
	// told says that the stage has finished once, and what it counted and
	// loaded was told.
	told    bool
	retries int
	// counts are the sources whose rows this stage counts.
	counts map[string]bool
	// shares say which partitions of each source input each task reads.
	shares [][][]int
	// owners say which task reads a piece, for each input that is split; nil
	// until the stage first starts.
	owners []map[place]int
	// anchor is the executor whose side of a cut network the stage runs on.
	anchor string
	// took are the times of the winners, for finding slow ones.
	took  []time.Duration
	watch *time.Timer
}

// place is a piece's place among the outputs of a step: which task wrote which
// partition.
type place struct{ task, partition int }

func newStage(j *job, def plan.Stage) *stage {
	st := &stage{
		job: j, def: def, left: def.Tasks, counts: map[string]bool{},
		shares: make([][][]int, len(def.Inputs)), owners: make([]map[place]int, len(def.Inputs)),
	}
	for i, in := range def.Inputs {
		if in.From != nil {
			continue
		}
		st.counts[in.Source] = st.counts[in.Source] || !in.Again
		st.shares[i] = spread(j.plan.Scans[in.ScanKey()].Partitions, in.Spread, def.Tasks)
	}
	for i := range def.Tasks {
		st.tasks = append(st.tasks, newTask(st, i))
	}
	return st
}

func (st *stage) done() bool { return st.left == 0 }

// ready reports whether all that the stage reads is there.
func (st *stage) ready() bool {
	for _, in := range st.def.Inputs {
		if in.From != nil && !st.job.byID[in.From.Stage].done() {
			return false
		}
	}
	return true
}

// rowsOf is how many rows of a source its tasks have read: the winners, and
// else whoever is furthest.
func (st *stage) rowsOf(source string) int64 {
	total := int64(0)
	for _, t := range st.tasks {
		total += t.rowsOf(source)
	}
	return total
}

// shareOf is how much of a step its tasks have done, 0 to 1.
func (st *stage) shareOf(step string) float64 {
	total := 0.0
	for _, t := range st.tasks {
		total += t.shareOf(step)
	}
	return total / float64(len(st.tasks))
}

// meets says what a condition's value is and whether the condition holds. The
// stage has finished.
func (st *stage) meets(c plan.Condition) (int64, bool) {
	total := int64(0)
	for _, t := range st.tasks {
		if c.Write != "" {
			if out := t.winner.outputs[c.Write]; out != nil {
				total += out.bytes()
			}
		} else if values := t.winner.values[c.Count]; len(values) > 0 {
			total += values[0]
		}
	}
	return total, total <= c.Limit
}

// settle is called when a task has won: it finishes the stage when all have.
func (st *stage) settle() {
	j := st.job
	if !st.done() {
		st.lookForSlow()
		return
	}
	j.s.stop(st.watch)
	st.watch = nil
	st.finished = time.Now()
	if st.told {
		return
	}
	st.told = true
	j.log.Debug("stage done", "stage", st.def.Name, "tasks", len(st.tasks), "retries", st.retries, "seconds", st.finished.Sub(st.started).Seconds())
	j.s.metrics.stageSeconds.Observe(st.finished.Sub(st.started).Seconds())
	st.tellLoaded()
	st.tellCounts()
	j.decide(st)
}

func (st *stage) tellLoaded() {
	j := st.job
	for source, counted := range st.counts {
		if !counted {
			continue
		}
		j.progressed(source)
		total := int64(0)
		for _, t := range st.tasks {
			total += t.winner.loaded[source]
		}
		j.tell(func() error { j.observer.Loaded(source, total); return nil })
	}
}

func (st *stage) tellCounts() {
	j := st.job
	for _, step := range st.def.Steps {
		if step.Kind != plan.StepCount {
			continue
		}
		var sum []int64
		for _, t := range st.tasks {
			for i, v := range t.winner.values[step.Name] {
				if i == len(sum) {
					sum = append(sum, 0)
				}
				sum[i] += v
			}
		}
		j.tell(func() error { return j.observer.Counts(step.Name, sum) })
	}
}

// spread says which partitions of a source each task reads.
func spread(partitions []plan.Partition, how plan.Spread, tasks int) [][]int {
	out := make([][]int, tasks)
	switch how {
	case plan.SpreadAll:
		for i := range out {
			for p := range partitions {
				out[i] = append(out[i], p)
			}
		}
	case plan.SpreadAligned:
		for p := range partitions {
			out[p%tasks] = append(out[p%tasks], p)
		}
	default:
		sizes := make([]int64, len(partitions))
		for p := range partitions {
			sizes[p] = max(1, partitions[p].Bytes)
		}
		for p, owner := range balance(sizes, tasks) {
			out[owner] = append(out[owner], p)
		}
	}
	return out
}

// balance deals things of given sizes out to n owners, the largest first, each
// to the one that has least so far. It returns each thing's owner.
func balance(sizes []int64, n int) []int {
	bySize := make([]int, len(sizes))
	for i := range bySize {
		bySize[i] = i
	}
	slices.SortStableFunc(bySize, func(a, b int) int { return cmp.Compare(sizes[b], sizes[a]) })
	owners := make([]int, len(sizes))
	load := make([]int64, n)
	for _, i := range bySize {
		least := 0
		for o := range load {
			if load[o] < load[least] {
				least = o
			}
		}
		owners[i] = least
		load[least] += sizes[i]
	}
	return owners
}
