// Package fault holds the suite that breaks things while a job runs: processes
// are killed and frozen, networks pulled, disks filled. Whatever happens, the job
// ends once, with the right evidence or with an error that says what was wrong.
//
// It must not know how the product recovers.
package fault
