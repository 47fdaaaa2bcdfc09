// Package ledger makes invoices and the payments that settle them in a Postgres
// of the test's own, in all the ways in which the trade pays: in one sum, off by
// a cent, in parts, several at once, twice, without a reference, not at all. For
// each pattern of matching it has one query, which both the product and Postgres
// run; Postgres, in its exact numerics, says what the right answer is.
//
// It must not know how the product is run.
package ledger
