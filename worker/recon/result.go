package recon

import "time"

// OutputPaths are the evidence files as the caller names them: the caller's
// own output_path plus the file name.
type OutputPaths struct {
	Matched        string `json:"matched"`
	UnmatchedLeft  string `json:"unmatched_left"`
	UnmatchedRight string `json:"unmatched_right"`
}

// SideCounts is what became of one side's rows.
// Rows = MatchedRows + UnmatchedRows holds for every result.
type SideCounts struct {
	Alias         string `json:"alias"`
	Rows          int64  `json:"rows"`
	MatchedRows   int64  `json:"matched_rows"`
	UnmatchedRows int64  `json:"unmatched_rows"`
	// DuplicateKeyRows counts the rows beyond the first of each primary key.
	DuplicateKeyRows int64 `json:"duplicate_key_rows"`
	// NullKeyRows counts the rows with a null in any primary key column.
	NullKeyRows int64 `json:"null_key_rows"`
}

// Result is the outcome of a successful run.
type Result struct {
	RunID               string      `json:"run_id"`
	MatchedCount        int64       `json:"matched_count"`
	UnmatchedLeftCount  int64       `json:"unmatched_left_count"`
	UnmatchedRightCount int64       `json:"unmatched_right_count"`
	OutputPaths         OutputPaths `json:"output_paths"`

	Left  SideCounts `json:"left"`
	Right SideCounts `json:"right"`
	// EngineMode is "local" or "cluster".
	EngineMode string `json:"engine_mode"`
	// Notes are facts about the run that a reader of the evidence should know,
	// such as a source that could not be read in parallel.
	Notes      []string  `json:"notes,omitempty"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at"`
	// StageSeconds is the wall time spent in each stage.
	StageSeconds map[Stage]float64 `json:"stage_seconds"`
	// ReadBytes is the size of what tasks read of the sources, as it lies there: a
	// file's bytes, a table's pages; as far as it is known. ShuffledBytes is the
	// size of what they handed to other tasks.
	ReadBytes     int64 `json:"read_bytes"`
	ShuffledBytes int64 `json:"shuffled_bytes"`
	// PeakMemoryBytes is the largest resident set of the process, as far as
	// the system tells; 0 when it does not.
	PeakMemoryBytes int64 `json:"peak_memory_bytes,omitempty"`
}
