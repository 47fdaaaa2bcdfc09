// Package plan works on parsed queries as plain data: it checks what a query
// may name, finds out which columns it reads, and adds columns to its result.
//
// It must not know who runs the query or what its result is for. It reads the
// form that DuckDB's json_serialize_sql gives and leaves parsing, binding and
// writing SQL to the engine.
package plan
