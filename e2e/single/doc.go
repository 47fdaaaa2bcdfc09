// Package single holds the suite that runs one scheduler without executors, as
// its callers see it: jobs over Postgres, CSV and Parquet, local and on S3.
//
// It must not know how the product works inside.
package single
