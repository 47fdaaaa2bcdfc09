package recon

// Stage is the phase of a run that progress and errors name.
type Stage string

// The stages of a run, in order. Validation has no progress of its own; it is
// named only by errors.
const (
	StageValidation     Stage = "validation"
	StageStaging        Stage = "staging"
	StageMatching       Stage = "matching"
	StageWritingResults Stage = "writing_results"
)

// Progress is one observation of a running job. Fraction and the counts never
// go down in the course of a run.
type Progress struct {
	RunID string `json:"run_id"`
	Stage Stage  `json:"stage"`
	// Fraction is the share of the whole run's work that is done, 0 to 1.
	Fraction float64 `json:"progress"`
	// Source is the alias being read, in StageStaging.
	Source string `json:"source,omitempty"`
	// RowsRead and RowsTotal count rows of Source; RowsTotal is an estimate
	// and absent when nothing is known.
	RowsRead  *int64 `json:"rows_read,omitempty"`
	RowsTotal *int64 `json:"rows_total,omitempty"`
	// MatchedCount is the number of result rows so far.
	MatchedCount *int64 `json:"matched_count,omitempty"`
	// TotalLeft and TotalRight are exact, and present as soon as known.
	TotalLeft  *int64 `json:"total_left,omitempty"`
	TotalRight *int64 `json:"total_right,omitempty"`

	// EngineMode is "local" or "cluster", once that is known. It is no part of
	// a callback.
	EngineMode string `json:"-"`
	// Stages is the job's plan and how far it is, as JobStatus shows it; nil
	// when nothing new is known of it. It is no part of a callback. Whoever
	// reports it leaves it unchanged from then on.
	Stages []StageStatus `json:"-"`
}
