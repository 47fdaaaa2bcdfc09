package recon

// EvidenceFile names one of a job's evidence files.
type EvidenceFile string

// The evidence files that hold rows.
const (
	EvidenceMatched        EvidenceFile = "matched"
	EvidenceUnmatchedLeft  EvidenceFile = "unmatched_left"
	EvidenceUnmatchedRight EvidenceFile = "unmatched_right"
)

// Path returns the file's path as the job's caller names it, false for a name
// that is no evidence file's.
func (p OutputPaths) Path(file EvidenceFile) (string, bool) {
	switch file {
	case EvidenceMatched:
		return p.Matched, true
	case EvidenceUnmatchedLeft:
		return p.UnmatchedLeft, true
	case EvidenceUnmatchedRight:
		return p.UnmatchedRight, true
	}
	return "", false
}

// EvidenceRows are the first rows of an evidence file, for people to look at.
type EvidenceRows struct {
	// Path is the file as the job's caller names it.
	Path    string        `json:"path"`
	Columns []ColumnLabel `json:"columns"`
	// Rows have a text for each column, exactly as the value is: no digit is
	// dropped or added. A null is null.
	Rows [][]*string `json:"rows"`
	// TotalRows is the number of rows in the whole file.
	TotalRows int64 `json:"total_rows"`
	// Shortened says that a text was too long to be shown whole; it then ends
	// in an ellipsis.
	Shortened bool `json:"shortened,omitempty"`
}

// ColumnLabel is the name of a column and what is in it, for people.
type ColumnLabel struct {
	Name string `json:"name"`
	Type string `json:"type"`
}
