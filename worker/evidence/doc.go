// Package evidence writes what a run leaves behind: matched.parquet,
// unmatched_left.parquet and unmatched_right.parquet, fed with Arrow batches
// as they arrive, and metadata.json, which describes them. Nothing is visible
// before Publish.
//
// It must not know how the rows were found, what the query says or who is
// told about the outcome.
package evidence
