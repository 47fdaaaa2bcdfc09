// Package jobtest makes random reconciliations and holds what comes of them
// against what a match is by definition: the query, written with its keys by
// hand, over whole tables in one plain session. It is for tests alone, and must
// not know where a job runs.
package jobtest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
)

// Case is a random query over two random tables.
type Case struct {
	Seed   uint64
	tables [2]table
	query  query
	// all says that the job asks for all columns of the unmatched rows.
	all bool
}

// Generate makes the case of a seed.
func Generate(seed uint64) Case {
	g := &generator{rand.New(rand.NewPCG(seed, 7))}
	c := Case{Seed: seed, tables: [2]table{g.table("left_src"), g.table("right_src")}, all: seed%2 == 0}
	c.query = g.query()
	return c
}

// String is the case for people.
func (c Case) String() string {
	return fmt.Sprintf("seed %d\n%s\n%s\n%s\n%s", c.Seed, c.query.plain, c.query.keyed, c.tables[0].csv(), c.tables[1].csv())
}

// Check runs the case by run, which writes a job's evidence below staging, and
// fails the test if that is not what a match is by definition. The tables are
// CSV files, each in one to three pieces.
func (c Case) Check(t *testing.T, staging string, run func(*recon.Job) (*recon.Result, error)) {
	t.Helper()
	want, query := c.query.keyed, c.query.plain
	got, err := c.run(t, staging, query, run)
	if err != nil {
		// A shape that hides the keys is an error that says so, and the
		// query with the keys is right.
		require.ErrorContains(t, err, "add the column", "%s", c)
		require.True(t, c.query.mayRefuse, "%s\n%v", c, err)
		want = c.query.namedKeyed
		got, err = c.run(t, staging, c.query.named, run)
		require.NoError(t, err, "%s", c)
	}
	require.Equal(t, c.definition(t, want), got, "%s", c)
}

// run runs a query as a job over the tables.
func (c Case) run(t *testing.T, staging, sql string, run func(*recon.Job) (*recon.Result, error)) (outcome, error) {
	t.Helper()
	dir := t.TempDir()
	sources := []string{}
	keys := map[string][]string{}
	for _, table := range c.tables {
		for i, text := range table.pieces(1 + int(c.Seed%3)) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.csv", table.name, i)), []byte(text), 0o600))
		}
		types := fmt.Sprintf(columnTypes, table.decimal())
		sources = append(sources, fmt.Sprintf(`{"alias": %q, "uri": "%s/%s-*.csv?types=%s"}`, table.name, dir, table.name, types))
		keys[table.name] = []string{"id", "line"}
	}
	keyText, err := json.Marshal(keys)
	require.NoError(t, err)
	sqlText, err := json.Marshal(sql)
	require.NoError(t, err)
	output := fmt.Sprint("random", c.Seed)
	job, err := recon.Decode(fmt.Appendf(nil, `{"run_id": %q, "match_sql": %s, "sources": [%s], "output_path": %[1]q, "primary_keys": %[4]s}`,
		output, sqlText, strings.Join(sources, ", "), keyText), recon.ValidateOptions{})
	require.NoError(t, err)
	if c.all {
		job.EvidenceColumns = recon.EvidenceAll
	}
	result, err := run(job)
	if err != nil {
		return outcome{}, err
	}
	folder := filepath.Join(staging, output)
	defer func() { require.NoError(t, os.RemoveAll(folder)) }()
	return c.read(t, folder, result), nil
}
