// Package recon is the vocabulary of a reconciliation: the job, its sources
// and filters, its progress and result, and what makes a job valid.
//
// It must not know how a source is read, how a query is run or how anybody is
// told about it; it imports nothing of ours.
package recon
