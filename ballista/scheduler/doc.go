// Package scheduler runs the graphs of jobs on executors: it starts stages when
// what they read is there, gives their tasks to executors, repeats what fails
// or is lost, and hands the results to each job's observer.
//
// It must not know what a job is for, nor how a task is done: that is an
// executor's. It opens no source and runs no SQL.
//
// # State
//
// All state is behind one mutex, the Scheduler's. Whatever happens (a report,
// a timer, a job that begins or ends) takes it, changes the state, and calls
// assign, which starts what can be started. Nothing that may block is done with
// the mutex held: orders go into a link's queue, and what a job's observer is
// told goes into the job's queue, which the goroutine of Run works off.
//
// # What is lost is made again
//
// A task's winner is the attempt whose outputs count. When they are lost (their
// executor is, or a reader found a piece missing or damaged) and somebody still
// needs them, the task has no winner any more and runs again; repair does so
// through as many stages as it takes. Whoever reads a stage's outputs waits
// until all of its tasks have winners. This relies on a task writing the same
// rows into the same partitions whenever it runs, which planning sees to: some
// readers may have read the first attempt's, others read the second's.
package scheduler
