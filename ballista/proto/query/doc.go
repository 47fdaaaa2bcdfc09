// Package query is how a program runs a query on a scheduler, as generated
// from query.proto.
//
// It must not know what the query is for.
package query
