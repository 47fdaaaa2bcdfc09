// Package metrics names what kallad counts and writes it in Prometheus' text
// format.
//
// It must not know who does the counted work: rooms are handed the few
// collectors that are theirs. No metric bears an id, a path with an id, or
// anything of a job's content.
package metrics
