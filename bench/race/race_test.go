package race_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/bench/dataset"
	"kallad/bench/peer"
	"kallad/bench/race"
	"kallad/bench/scenario"
	"kallad/worker/recon"
)

// TestMain lets this binary stand in for those that a race starts: bench's
// own with its commands, and kallad with its command run.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 {
		os.Exit(m.Run())
	}
	commands := map[string]func(string) (any, error){
		race.PeerCommand:   runPeer,
		race.DigestCommand: func(dir string) (any, error) { return peer.Digest(context.Background(), dir) },
		"run":              runKallad,
	}
	command := commands[os.Args[1]]
	if command == nil {
		os.Exit(m.Run())
	}
	answer, err := command(os.Args[len(os.Args)-1])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(answer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runPeer(path string) (any, error) {
	var job peer.Job
	if err := read(path, &job); err != nil {
		return nil, err
	}
	return job.Run(context.Background())
}

// runKallad does a job as kallad does, by the peer's means. With the argument
// --cheat it says that it found one match more; with --sloppy one of its
// unmatched files holds the other's rows; with --files it reads the data's
// files from the folder that follows.
func runKallad(path string) (any, error) {
	var job recon.Job
	if err := read(path, &job); err != nil {
		return nil, err
	}
	p := peer.Job{Variant: peer.Columns, MatchSQL: job.MatchSQL, Dir: job.OutputPath}
	p.Left = side(job.Sources[0], dataset.Spec{}.InvoiceColumns(), "invoice_id", "amount")
	p.Right = side(job.Sources[1], dataset.Spec{}.PaymentColumns(), "payment_id", "reference_number", "paid_amount")
	if at := slices.Index(os.Args, "--files"); at >= 0 {
		p.Left.Path = filepath.Join(os.Args[at+1], "invoices.csv")
		p.Right.Path = filepath.Join(os.Args[at+1], "payments.csv")
	}
	counts, err := p.Run(context.Background())
	if err != nil {
		return nil, err
	}
	if slices.Contains(os.Args, "--cheat") {
		counts.Matched++
	}
	if slices.Contains(os.Args, "--sloppy") {
		err = copyFile(filepath.Join(p.Dir, peer.UnmatchedRightFile), filepath.Join(p.Dir, peer.UnmatchedLeftFile))
	}
	return recon.Result{
		MatchedCount: counts.Matched, UnmatchedLeftCount: counts.UnmatchedLeft, UnmatchedRightCount: counts.UnmatchedRight,
		StageSeconds: map[recon.Stage]float64{recon.StageMatching: 0.5},
	}, err
}

func side(s recon.Source, columns []dataset.Column, needed ...string) peer.Side {
	out := peer.Side{Alias: s.Alias, Path: s.URI.Reveal(), Key: needed[0], Needed: needed}
	for _, c := range columns {
		out.Columns = append(out.Columns, peer.Column{Name: c.Name, Type: c.SQLType})
	}
	return out
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

func read(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// small is a scenario of two rounds.
func small() scenario.Scenario {
	return scenario.Scenario{
		Name: "s", About: "a", Runs: 2, Peers: []string{"duckdb-tables"},
		MatchSQL: `SELECT l.invoice_id, r.payment_id FROM left_src l
			JOIN right_src r ON l.invoice_id = r.reference_number AND tolerance_match(l.amount, r.paid_amount, 0.02)`,
		LeftColumns: []string{"invoice_id", "amount"}, RightColumns: []string{"payment_id", "reference_number", "paid_amount"},
	}
}

// run runs a scenario on a few rows.
func run(t *testing.T, s scenario.Scenario) (result raceResult, err error) {
	t.Helper()
	ctx := context.Background()
	data, err := dataset.Make(ctx, t.TempDir(), dataset.Spec{Format: dataset.CSV, LeftRows: 300, RightRows: 290, Seed: 1})
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	work := filepath.Join(t.TempDir(), "work")
	runner := race.New(race.Config{Kallad: self, Self: self, Work: work, Log: t.Logf})
	s.Data = data.Spec
	if s.Source == scenario.Postgres {
		s.KalladArgs = []string{"--files", data.Dir}
	}
	require.NoError(t, s.Validate())
	report, err := runner.Run(ctx, s, data)
	for _, c := range report.Contestants {
		result.names = append(result.names, c.Name)
		for _, r := range c.Runs {
			result.runs++
			result.stages += len(r.Stages)
			if r.PeakBytes > 1<<20 && r.CPUSeconds > 0 {
				result.measured++
			}
			assert.Greater(t, r.Seconds, 0.0)
		}
	}
	left, readErr := os.ReadDir(work)
	require.NoError(t, readErr)
	result.evidenceLeft = len(left)
	return result, err
}

type raceResult struct {
	names                                []string
	runs, stages, measured, evidenceLeft int
}

func TestContestantsTakeTurns(t *testing.T) {
	t.Parallel()
	result, err := run(t, small())
	require.NoError(t, err)
	assert.Equal(t, raceResult{names: []string{"kallad", "duckdb-tables"}, runs: 4, stages: 2, measured: 4}, result)
}

func TestWrongCountsHaveNoTime(t *testing.T) {
	t.Parallel()
	s := small()
	s.KalladArgs = []string{"--cheat"}
	result, err := run(t, s)
	require.ErrorContains(t, err, "kallad found")
	assert.Zero(t, result.runs)
}

func TestTooMuchMemoryHasNoTime(t *testing.T) {
	t.Parallel()
	s := small()
	s.MaxPeakBytes = 1 << 20
	result, err := run(t, s)
	require.ErrorContains(t, err, "bytes of memory, but may have 1048576")
	assert.Zero(t, result.runs)
	s.MaxPeakBytes = 1 << 34
	_, err = run(t, s)
	require.NoError(t, err)
}

func TestWrongEvidenceHasNoTime(t *testing.T) {
	t.Parallel()
	s := small()
	s.KalladArgs = []string{"--sloppy"}
	result, err := run(t, s)
	require.ErrorContains(t, err, "the evidence of")
	assert.Zero(t, result.runs)
}

// TestPostgresRacesItself has no kallad that reads Postgres at hand, so the
// stand-in reads the files; what psql does is real.
func TestPostgresRacesItself(t *testing.T) {
	t.Parallel()
	s := small()
	s.Source = scenario.Postgres
	s.Peers = []string{scenario.PostgresCounts, scenario.PsqlCopy}
	pair := "l.invoice_id = r.reference_number AND abs(l.amount - r.paid_amount) <= 0.02"
	s.CountsSQL = []string{
		"SELECT count(*) FROM invoices l JOIN payments r ON " + pair,
		"SELECT count(*) FROM invoices l WHERE NOT EXISTS (SELECT 1 FROM payments r WHERE " + pair + ")",
		"SELECT count(*) FROM payments r WHERE NOT EXISTS (SELECT 1 FROM invoices l WHERE " + pair + ")",
	}
	result, err := run(t, s)
	require.NoError(t, err)
	assert.Equal(t, raceResult{names: []string{"kallad", "postgres-counts", "psql-copy"}, runs: 6, stages: 2, measured: 2}, result)
}
