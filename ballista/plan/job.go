package plan

import "encoding/json"

// Job is a graph with all that it takes to run it.
type Job struct {
	// ID names the job, unique among all that run at once. It can be a file
	// name.
	ID    string `json:"id"`
	Graph Graph  `json:"graph"`
	// Scans are the sources that the graph's inputs read, by ScanKey.
	Scans map[string]Scan `json:"scans"`
	// Locations say where each source is, by the source's name. They hold
	// credentials, and so are no part of what is printed or kept.
	Locations map[string]Secret `json:"-"`
	// Repeatable says that whoever runs the job runs it anew, with a new plan,
	// when it is told to: its results count only when all are there.
	Repeatable bool `json:"-"`
	// Labels go with the job into logs and traces of every process.
	Labels map[string]string `json:"labels,omitempty"`
}

// Scan is what to read of a source, split into partitions.
type Scan struct {
	// Source names the data set; Job.Locations says where it is.
	Source string `json:"source"`
	// Raw is what to read, in the form of the source's own package.
	Raw json.RawMessage `json:"raw"`
	// Schema is that of the batches.
	Schema     Schema      `json:"schema"`
	Partitions []Partition `json:"partitions"`
}

// Partition is one share of a source.
type Partition struct {
	// Raw is in the form of the source's own package.
	Raw json.RawMessage `json:"raw"`
	// Rows and Bytes are estimates; -1 when unknown.
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
	// Once says that a second reading may find other rows.
	Once bool `json:"once,omitempty"`
}
