package runner

import (
	"context"

	"kallad/worker/blob"
	"kallad/worker/evidence"
	"kallad/worker/recon"
)

// Evidence shows what jobs have left behind.
type Evidence struct {
	staging string
	store   blob.Store
}

// NewEvidence returns the evidence of jobs whose relative output paths are
// under staging, an absolute folder. store reads where evidence may be, and
// nowhere else.
func NewEvidence(staging string, store blob.Store) *Evidence {
	return &Evidence{staging: staging, store: store}
}

// Rows returns the first rows of an evidence file, at most limit; path is the
// file as a job's result names it. The error is an input error when the file
// is gone.
func (e *Evidence) Rows(ctx context.Context, path string, limit int) (*recon.EvidenceRows, error) {
	uri, err := outputBase(e.staging, path)
	if err != nil {
		return nil, err
	}
	rows, err := evidence.ReadRows(ctx, e.store, uri, limit)
	if err != nil {
		return nil, err
	}
	rows.Path = path
	return rows, nil
}
