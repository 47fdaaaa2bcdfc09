// Package parquet reads Parquet files, local and on S3, as a source: one file,
// a glob or a folder of files with the same columns. A file is split by its
// row groups, and those that the filters rule out by their statistics are not
// read at all.
//
// The types are the file's own. The Arrow schema that some writers put beside
// them is ignored, so that everybody sees what any other Parquet reader sees.
// Where Arrow, or what stands behind it, has no exact form, one is made: see
// column.go.
//
// It must not know who asks for the rows, nor what for.
package parquet
