// Package callback tells a job's caller how the job goes and how it ended: the
// payloads of the contract, the client that posts them, throttling, order and
// retries.
//
// It must not know how jobs are run or queued. Time is the time package's: the
// tests run on the clock of testing/synctest, which needs no clock to be
// injected.
//
// The invariants: nothing is sent before the caller has had the answer to its
// POST and a grace has passed; the callbacks of one job leave one at a time;
// progress never goes back; no progress is sent once the final callback has
// been, and that one is sent until it is acknowledged or its time is over. A
// Final that is given to a notifier again after a restart is sent as it was,
// under the same delivery id.
package callback
