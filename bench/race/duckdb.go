package race

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"kallad/bench/dataset"
	"kallad/bench/peer"
	"kallad/bench/process"
	"kallad/bench/scenario"
)

// The commands of bench's own binary that do what needs DuckDB, each in a
// process of its own.
const (
	// PeerCommand runs the peer.Job in the JSON file that it is given and
	// prints peer.Counts.
	PeerCommand = "duckdb-peer"
	// DigestCommand prints the peer.Evidence of a folder.
	DigestCommand = "duckdb-digest"
)

// duckDB is a hand-written script over the same files.
type duckDB struct {
	self     string
	peer     string
	scenario scenario.Scenario
	data     *dataset.Dataset
}

func (d duckDB) name() string  { return d.peer }
func (d duckDB) about() string { return scenario.Peers()[d.peer] }

func (d duckDB) worksAlone() bool { return true }

func (d duckDB) prepare(dir string) ([]string, error) {
	job := peer.Job{
		Variant:  peer.Variant(strings.TrimPrefix(d.peer, "duckdb-")),
		Left:     d.side(scenario.Left, d.data.Left, d.data.Spec.InvoiceColumns(), d.scenario.LeftColumns),
		Right:    d.side(scenario.Right, d.data.Right, d.data.Spec.PaymentColumns(), d.scenario.RightColumns),
		MatchSQL: d.scenario.MatchSQL,
		Dir:      dir,
	}
	text, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "script.json")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return nil, err
	}
	return []string{d.self, PeerCommand, path}, nil
}

func (d duckDB) side(alias string, file dataset.File, columns []dataset.Column, needed []string) peer.Side {
	s := peer.Side{Alias: alias, Path: filepath.Join(d.data.Dir, file.Name), Key: needed[0], Needed: needed, Where: d.scenario.LeftWhere}
	if alias == scenario.Right {
		s.Where = d.scenario.RightWhere
	}
	for _, c := range columns {
		s.Columns = append(s.Columns, peer.Column{Name: c.Name, Type: c.SQLType})
	}
	return s
}

func (d duckDB) outcome(stdout []byte) (outcome, error) {
	var counts peer.Counts
	if err := json.Unmarshal(stdout, &counts); err != nil {
		return outcome{}, err
	}
	found := dataset.Counts(counts)
	return outcome{counts: &found}, nil
}

// digest reads the evidence in dir in a process of its own, so that bench
// itself stays small.
func (r *Runner) digest(ctx context.Context, dir string) (peer.Evidence, error) {
	took, err := process.Run(ctx, dir, r.cfg.Self, DigestCommand, dir)
	if err != nil {
		return peer.Evidence{}, err
	}
	var e peer.Evidence
	return e, json.Unmarshal(took.Stdout, &e)
}
