package jobtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/worker/recon"
)

// outcome is what a job says, as text, rows sorted. Of the unmatched it has the
// keys, or all columns if the job asks for them.
type outcome struct {
	matched, unmatchedLeft, unmatchedRight []string
	counts                                 []string
}

// definition evaluates what a match is, word by word. The last four columns
// of the query are the keys of both sides.
func (c Case) definition(t *testing.T, keyed string) outcome {
	t.Helper()
	name := c.String()
	s, err := engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()})
	require.NoError(t, err)
	defer s.Close()
	for _, table := range c.tables {
		for _, sql := range table.create() {
			require.NoError(t, s.Exec(t.Context(), sql), name)
		}
	}
	var out outcome
	result := oracleRows(t, s, keyed, name)
	carried := [2]map[string]bool{{}, {}}
	for _, row := range result {
		n := len(row) - 4
		left, right := row[n]+","+row[n+1], row[n+2]+","+row[n+3]
		carried[0][left], carried[1][right] = true, true
		fields := append([]string{jsonKey(row[n], row[n+1]), jsonKey(row[n+2], row[n+3]), "match_sql", "1"}, row[:n]...)
		out.matched = append(out.matched, "  "+strings.Join(fields, " | "))
	}
	out.counts = []string{fmt.Sprint(len(result))}
	for side, table := range c.tables {
		seen, unmatched, duplicates, nulls := map[string]bool{}, []string{}, 0, 0
		for _, row := range oracleRows(t, s, "SELECT * FROM "+table.name, name) {
			key := row[0] + "," + row[1]
			switch {
			case slices.Contains(row[:2], "(null)"):
				nulls++
			case seen[key]:
				duplicates++
			}
			seen[key] = true
			if !carried[side][key] {
				line := jsonKey(row[0], row[1])
				if c.all {
					line += " | " + strings.Join(row, " | ")
				}
				unmatched = append(unmatched, line)
			}
		}
		slices.Sort(unmatched)
		if out.counts = append(out.counts, fmt.Sprint(len(table.rows), len(unmatched), duplicates, nulls)); side == 0 {
			out.unmatchedLeft = unmatched
		} else {
			out.unmatchedRight = unmatched
		}
	}
	slices.Sort(out.matched)
	return out
}

// jsonKey is a key as the evidence has it.
func jsonKey(id, line string) string {
	if id != "(null)" {
		quoted, _ := json.Marshal(id)
		id = string(quoted)
	}
	return strings.ReplaceAll("["+id+","+line+"]", "(null)", "null")
}

func oracleRows(t *testing.T, s *engine.Session, sql, name string) [][]string {
	t.Helper()
	rows, err := s.Query(t.Context(), sql)
	require.NoError(t, err, name)
	defer rows.Close()
	var out [][]string
	for {
		batch, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err, name)
		for i := range int(batch.NumRows()) {
			row := make([]string, batch.NumCols())
			for j := range row {
				row[j] = batch.Column(j).ValueStr(i)
			}
			out = append(out, row)
		}
		batch.Release()
	}
}

// read is what a job's evidence says.
func (c Case) read(t *testing.T, folder string, result *recon.Result) outcome {
	t.Helper()
	unmatched := recordKeys
	if c.all {
		unmatched = wholeRows
	}
	out := outcome{
		matched:        ReadParquet(t, filepath.Join(folder, "matched.parquet"))[1:],
		unmatchedLeft:  unmatched(ReadParquet(t, filepath.Join(folder, "unmatched_left.parquet"))),
		unmatchedRight: unmatched(ReadParquet(t, filepath.Join(folder, "unmatched_right.parquet"))),
		counts:         []string{fmt.Sprint(result.MatchedCount)},
	}
	for _, c := range []recon.SideCounts{result.Left, result.Right} {
		out.counts = append(out.counts, fmt.Sprint(c.Rows, c.UnmatchedRows, c.DuplicateKeyRows, c.NullKeyRows))
	}
	if len(out.matched) == 0 {
		out.matched = nil
	}
	return out
}

// recordKeys returns the keys of the rows of an unmatched file, sorted.
func recordKeys(lines []string) []string {
	keys := []string{}
	for _, line := range lines[1:] {
		key, _, _ := strings.Cut(strings.TrimSpace(line), " | ")
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// wholeRows returns the rows of an unmatched file without the reasons, sorted.
func wholeRows(lines []string) []string {
	rows := []string{}
	for _, line := range lines[1:] {
		fields := strings.Split(strings.TrimPrefix(line, "  "), " | ")
		rows = append(rows, strings.Join(slices.Delete(fields, 1, 2), " | "))
	}
	slices.Sort(rows)
	return rows
}

// constant are the columns that differ from run to run or say nothing, and are
// left out.
var constant = []string{"match_id", "matched_at", "attempted_rules", "closest_candidate"}

// ReadParquet returns the column names of a file of evidence and then its rows,
// sorted.
func ReadParquet(t *testing.T, path string) []string {
	t.Helper()
	r, err := file.OpenParquetFile(path, false)
	require.NoError(t, err)
	defer r.Close()
	fr, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{BatchSize: 1024}, memory.DefaultAllocator)
	require.NoError(t, err)
	table, err := fr.ReadTable(t.Context())
	require.NoError(t, err)
	defer table.Release()
	var header []string
	rows := make([][]string, table.NumRows())
	for i := range int(table.NumCols()) {
		name := table.Schema().Field(i).Name
		if slices.Contains(constant, name) {
			continue
		}
		header = append(header, name)
		at := 0
		for _, chunk := range table.Column(i).Data().Chunks() {
			for j := range chunk.Len() {
				rows[at] = append(rows[at], chunk.ValueStr(j))
				at++
			}
		}
	}
	var lines []string
	for _, row := range rows {
		lines = append(lines, "  "+strings.Join(row, " | "))
	}
	slices.Sort(lines)
	return append([]string{"  " + strings.Join(header, " | ")}, lines...)
}
