// Package report keeps what was measured and writes it down, for people and
// for programs.
//
// It must not know how anything was measured.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Report is the outcome of one call of bench.
type Report struct {
	StartedAt time.Time `json:"started_at"`
	Machine   Machine   `json:"machine"`
	Versions  Versions  `json:"versions"`
	Scenarios []Result  `json:"scenarios"`
}

// Machine is where it was measured.
type Machine struct {
	CPU         string `json:"cpu"`
	Cores       int    `json:"cores"`
	MemoryBytes int64  `json:"memory_bytes"`
	System      string `json:"system"`
}

// Versions are of what was measured.
type Versions struct {
	// Commit of the checkout; "+changes" follows when files were not committed.
	Commit string `json:"commit"`
	Kallad string `json:"kallad"`
	DuckDB string `json:"duckdb"`
	Go     string `json:"go"`
}

// Result is one scenario's outcome.
type Result struct {
	Name  string `json:"name"`
	About string `json:"about"`
	// Series is shared by scenarios that differ in their rows alone.
	Series string `json:"series,omitempty"`
	// Rows and Bytes of both sources together.
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
	// MaxPeakBytes is how much memory kallad in one process may have; 0: any.
	MaxPeakBytes int64 `json:"max_peak_bytes,omitempty"`
	// Load is the machine's load average over the minute before the scenario;
	// scenarios before it and the making of data count.
	Load float64 `json:"load"`
	// Checked says what was compared before any time counted.
	Checked string `json:"checked"`
	// Contestants, kallad first.
	Contestants []Contestant `json:"contestants"`
}

// Contestant is one of those that were compared.
type Contestant struct {
	Name  string `json:"name"`
	About string `json:"about"`
	// Runs in the order of the rounds.
	Runs []Run `json:"runs"`
}

// Run is one process from its start to its end.
type Run struct {
	Seconds float64 `json:"seconds"`
	// CPUSeconds and PeakBytes are 0 for a contestant whose work is done by a
	// server.
	CPUSeconds float64 `json:"cpu_seconds"`
	PeakBytes  int64   `json:"peak_bytes"`
	// ReadBytes is what tasks read of the sources, in the size that it has there,
	// ShuffledBytes what went from tasks to other tasks; 0 where nobody counts
	// them.
	ReadBytes     int64 `json:"read_bytes,omitempty"`
	ShuffledBytes int64 `json:"shuffled_bytes,omitempty"`
	// Stages is the wall time of each stage in seconds, where the contestant
	// tells.
	Stages map[string]float64 `json:"stages,omitempty"`
}

// Seconds are the wall times of the runs.
func (c Contestant) Seconds() []float64 {
	return c.each(func(r Run) float64 { return r.Seconds })
}

// CPUSeconds are the CPU times of the runs.
func (c Contestant) CPUSeconds() []float64 {
	return c.each(func(r Run) float64 { return r.CPUSeconds })
}

// PeakBytes are the largest resident sets of the runs.
func (c Contestant) PeakBytes() []float64 {
	return c.each(func(r Run) float64 { return float64(r.PeakBytes) })
}

func (c Contestant) each(of func(Run) float64) []float64 {
	values := make([]float64, len(c.Runs))
	for i, r := range c.Runs {
		values[i] = of(r)
	}
	return values
}

// JSON writes the report for programs.
func (r Report) JSON(out io.Writer) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
