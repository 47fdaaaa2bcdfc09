package recon

import (
	"encoding/json"
	"fmt"
)

// Job is one reconciliation request, as callers post it.
//
// The first source is the left side, the second the right side; any further
// one is an extra table that MatchSQL may use.
type Job struct {
	// RunID names the run. Unique per run; it is the key of idempotent posts.
	RunID string `json:"run_id"`
	// CallbackURL is the base URL that progress and the outcome are posted to.
	// Optional for `kallad run`, required by the daemon.
	CallbackURL string `json:"callback_url,omitempty"`
	// MatchSQL is one SELECT over the sources' aliases; each row of its result
	// is one match.
	MatchSQL string `json:"match_sql"`
	// Sources are the tables that MatchSQL may name, left side first.
	Sources []Source `json:"sources"`
	// OutputPath is where the evidence goes: relative to the staging path,
	// absolute inside an allowed root, or s3://bucket/prefix.
	OutputPath string `json:"output_path"`
	// EvidenceColumns says which columns of a source its unmatched file holds.
	EvidenceColumns EvidenceColumns `json:"evidence_columns,omitempty"`
	// PrimaryKeys maps an alias to the columns that identify its rows.
	// Required for the left and the right side.
	PrimaryKeys map[string][]string `json:"primary_keys"`
}

// Left returns the left side's source.
func (j *Job) Left() Source { return j.Sources[0] }

// Right returns the right side's source.
func (j *Job) Right() Source { return j.Sources[1] }

// Source is one data set of a job.
type Source struct {
	// Alias is the table name that MatchSQL uses.
	Alias string `json:"alias"`
	// URI says where the data is.
	URI URI `json:"uri"`
	// Filters all have to hold for a row to be part of the data set.
	Filters []FilterCondition `json:"filters,omitempty"`
}

// Operator is a filter's comparison.
type Operator string

// The filter operators of the contract.
const (
	OpEq      Operator = "eq"
	OpNeq     Operator = "neq"
	OpGt      Operator = "gt"
	OpGte     Operator = "gte"
	OpLt      Operator = "lt"
	OpLte     Operator = "lte"
	OpBetween Operator = "between"
	OpIn      Operator = "in"
	OpLike    Operator = "like"
)

// FilterCondition restricts a source to the rows whose column compares true.
// A null column value never compares true, as in SQL.
type FilterCondition struct {
	Column string   `json:"column"`
	Op     Operator `json:"op"`
	// Value is the JSON value as it was posted, so that numbers keep every
	// digit: a scalar, an array of two for between, an array for in.
	Value json.RawMessage `json:"value"`
}

// EvidenceColumns selects the columns of the unmatched files.
type EvidenceColumns string

const (
	// EvidenceQuery keeps the columns that the query and the keys use.
	EvidenceQuery EvidenceColumns = "query"
	// EvidenceAll keeps every column of the source.
	EvidenceAll EvidenceColumns = "all"
)

// UnmarshalJSON accepts the documented values and the empty string.
func (e *EvidenceColumns) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("evidence_columns: want a string: %w", err)
	}
	*e = EvidenceColumns(s)
	return nil
}
