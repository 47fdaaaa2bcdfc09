// Package scenario says what is measured: one JSON file each, whose name is
// the scenario's.
//
// It must not know how measuring is done.
package scenario

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kallad/bench/dataset"
	"kallad/worker/recon"
)

// Scenario is one comparison.
type Scenario struct {
	// Name is the file's name without its ending.
	Name string `json:"-"`
	// About says in a sentence what the scenario shows.
	About string `json:"about"`
	// Series is shared by scenarios that differ in their rows alone, to show
	// growth.
	Series string `json:"series,omitempty"`
	// Data that is reconciled.
	Data dataset.Spec `json:"data"`
	// Source is where it lies: Files (the default), or Postgres or S3, which it
	// is brought into.
	Source string `json:"source,omitempty"`
	// MatchSQL is the query, over left_src (the invoices) and right_src (the
	// payments). It has both keys in its select list, as peers need them.
	MatchSQL string `json:"match_sql"`
	// OwnRule says that the query matches by another rule than the one that the
	// data's expected counts are for. Then the first peer's counts are expected.
	OwnRule bool `json:"own_rule,omitempty"`
	// LeftFilters and RightFilters are the sources' filters.
	LeftFilters  []recon.FilterCondition `json:"left_filters,omitempty"`
	RightFilters []recon.FilterCondition `json:"right_filters,omitempty"`
	// LeftWhere and RightWhere are the same as SQL, for peers.
	LeftWhere  string `json:"left_where,omitempty"`
	RightWhere string `json:"right_where,omitempty"`
	// Cluster, if there is one, is compared to the job in one process. That
	// process, and all peers, get as many cores as its executors together.
	Cluster *Cluster `json:"cluster,omitempty"`
	// LeftColumns and RightColumns are the columns that the query reads, the
	// keys first.
	LeftColumns  []string `json:"left_columns"`
	RightColumns []string `json:"right_columns"`
	// EvidenceColumns is what the unmatched rows are written with: as the job
	// has it. Peers write the columns above.
	EvidenceColumns recon.EvidenceColumns `json:"evidence_columns,omitempty"`
	// CountsSQL are the statements by which Postgres itself finds the number of
	// matches, of unmatched left rows and of unmatched right rows, in the tables
	// invoices and payments.
	CountsSQL []string `json:"counts_sql,omitempty"`
	// KalladArgs are further arguments of kallad run.
	KalladArgs []string `json:"kallad_args,omitempty"`
	// MaxPeakBytes is how much memory kallad may have in one process, unit:
	// bytes. A run that had more fails the scenario. Default 0: any.
	MaxPeakBytes int64 `json:"max_peak_bytes,omitempty"`
	// Peers are what kallad is compared to; see Peers.
	Peers []string `json:"peers,omitempty"`
	// Runs is how often each contestant runs, after one run that does not
	// count.
	Runs int `json:"runs"`
}

// Cluster is a daemon with executors.
type Cluster struct {
	// Executors is how many there are.
	Executors int `json:"executors"`
	// Cores is how many each of them has to itself.
	Cores int `json:"cores"`
}

// AllCores is how many the executors have together, 0 when there are none.
func (c *Cluster) AllCores() int {
	if c == nil {
		return 0
	}
	return c.Executors * c.Cores
}

// Where a scenario's data lies.
const (
	Files    = "files"
	Postgres = "postgres"
	S3       = "s3"
)

// The peers of scenarios on Postgres.
const (
	PostgresCounts = "postgres-counts"
	PsqlCopy       = "psql-copy"
)

// The aliases of the two sides in every scenario's query.
const (
	Left  = "left_src"
	Right = "right_src"
)

// Peers are the names that a scenario may use, with what they mean.
func Peers() map[string]string {
	return map[string]string{
		"duckdb-tables":  "a hand-written DuckDB script: whole files into tables, match, three Parquet files",
		"duckdb-columns": "the same with tables of the needed columns only",
		"duckdb-views":   "the same with views in place of tables, so that each statement reads the files anew",
		PostgresCounts:   "Postgres's own SQL for the three counts, one statement each; nothing is written",
		PsqlCopy:         "`psql` copies the needed columns of one table after the other, binary, to nowhere; nothing is matched",
	}
}

// Validate reports everything that is wrong with the scenario.
func (s Scenario) Validate() error {
	problems := []error{s.Data.Validate()}
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"about", s.About == ""}, {"match_sql", s.MatchSQL == ""}, {"left_columns", len(s.LeftColumns) == 0},
		{"right_columns", len(s.RightColumns) == 0}, {"runs", s.Runs < 1},
	} {
		if f.missing {
			problems = append(problems, fmt.Errorf("%s is missing", f.name))
		}
	}
	if !slices.Contains([]string{"", Files, Postgres, S3}, s.Source) {
		problems = append(problems, fmt.Errorf("source %q: want %s, %s or %s", s.Source, Files, Postgres, S3))
	}
	if s.EvidenceColumns != "" && s.EvidenceColumns != recon.EvidenceAll {
		problems = append(problems, fmt.Errorf("evidence_columns %q: want %s, or nothing", s.EvidenceColumns, recon.EvidenceAll))
	}
	if s.EvidenceColumns == recon.EvidenceAll && len(s.Peers) > 0 {
		problems = append(problems, fmt.Errorf("evidence_columns: peers write no more than the needed columns"))
	}
	if s.Cluster != nil && (s.Cluster.Executors < 1 || s.Cluster.Cores < 1) {
		problems = append(problems, fmt.Errorf("cluster: want executors and cores of 1 or more"))
	}
	if (len(s.LeftFilters) > 0) != (s.LeftWhere != "") || (len(s.RightFilters) > 0) != (s.RightWhere != "") {
		problems = append(problems, fmt.Errorf("filters: want each side's also as left_where or right_where, for peers"))
	}
	if s.PeersCount() && !slices.ContainsFunc(s.Peers, func(p string) bool { return p != PsqlCopy }) {
		problems = append(problems, fmt.Errorf("peers: want one that finds the counts to expect"))
	}
	problems = append(problems, s.checkPeers()...)
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	return nil
}

// PeersCount says whether the counts to expect are the first peer's.
func (s Scenario) PeersCount() bool {
	return s.OwnRule || s.LeftWhere != "" || s.RightWhere != ""
}

func (s Scenario) checkPeers() (problems []error) {
	known := Peers()
	for _, p := range s.Peers {
		onPostgres := p == PostgresCounts || p == PsqlCopy
		switch {
		case known[p] == "":
			problems = append(problems, fmt.Errorf("peer %q is unknown", p))
		case onPostgres != (s.Source == Postgres):
			problems = append(problems, fmt.Errorf("peer %q does not read this source", p))
		case p == PostgresCounts && len(s.CountsSQL) != 3:
			problems = append(problems, fmt.Errorf("peer %q needs three statements in counts_sql", p))
		}
	}
	return problems
}

//go:embed *.json
var files embed.FS

// All returns the scenarios that come with bench, by name.
func All() ([]Scenario, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	var all []Scenario
	for _, e := range entries {
		text, err := files.ReadFile(e.Name())
		if err != nil {
			return nil, err
		}
		s, err := Parse(strings.TrimSuffix(e.Name(), ".json"), text)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Parse reads a scenario file.
func Parse(name string, text []byte) (Scenario, error) {
	s := Scenario{Name: name}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return s, fmt.Errorf("read scenario %s: %w", name, err)
	}
	return s, s.Validate()
}

// Select returns the named scenarios, in the order of the names.
func Select(all []Scenario, names []string) ([]Scenario, error) {
	var chosen []Scenario
	for _, name := range names {
		i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no scenario %q; there are: %s", name, strings.Join(Names(all), ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// Names returns the scenarios' names.
func Names(all []Scenario) []string {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Name
	}
	return names
}
