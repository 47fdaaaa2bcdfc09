package runner

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"kallad/worker/blob"
	"kallad/worker/evidence"
	"kallad/worker/recon"
)

// outputBase returns the folder of the evidence as the store names it.
func outputBase(staging, outputPath string) (string, error) {
	if !blob.IsRelative(outputPath) {
		return outputPath, nil
	}
	if !filepath.IsLocal(outputPath) {
		return "", recon.Input(fmt.Errorf("output_path %q leaves the staging folder", outputPath))
	}
	return filepath.Join(staging, outputPath), nil
}

// outputPaths are the files in the caller's own words.
func outputPaths(outputPath string) recon.OutputPaths {
	base := strings.TrimRight(outputPath, "/")
	if base == "" {
		base = "/"
	}
	return recon.OutputPaths{
		Matched:        blob.Join(base, evidence.MatchedFile),
		UnmatchedLeft:  blob.Join(base, evidence.UnmatchedLeftFile),
		UnmatchedRight: blob.Join(base, evidence.UnmatchedRightFile),
	}
}

// Clear removes the unfinished files that an earlier process left behind which
// was killed while it ran this job, accepted at a moment.
func (r *Runner) Clear(ctx context.Context, job *recon.Job, acceptedAt time.Time) error {
	base, err := outputBase(r.cfg.StagingPath, job.OutputPath)
	if err != nil {
		return err
	}
	return evidence.Clear(ctx, r.parts.Store, base, acceptedAt, r.since)
}
