package runner_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/worker/evidence"
	"kallad/worker/recon"
)

// Sorted evidence is the same to the byte in one session and in any number of
// tasks, with doubled and missing keys as well.
func TestSortedEvidenceIsTheSameBytes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left, right := writeSides(t, dir)
	queries := map[string]string{
		"one to one":   "SELECT l.id, r.id, l.amount, r.amount AS Amount FROM l JOIN r ON l.ref = r.ref AND tolerance_match(l.amount, r.amount, 1)",
		"left join":    "SELECT l.id, r.id, r.amount FROM l LEFT JOIN r ON l.ref = r.ref",
		"by aggregate": "SELECT l.id, min(r.id) AS r_id, sum(r.amount) AS total FROM l JOIN r ON l.ref = r.ref GROUP BY l.id",
	}
	for name, sql := range queries {
		for _, columns := range []recon.EvidenceColumns{recon.EvidenceQuery, recon.EvidenceAll} {
			sameBytes(t, name+", columns: "+string(columns), left, right, sql, columns)
		}
	}
}

func sameBytes(t *testing.T, name, left, right, sql string, columns recon.EvidenceColumns) {
	t.Helper()
	var want map[string]string
	for _, partitions := range []int{0, 1, 3, 8} {
		staging := t.TempDir()
		run := newRunnerFor(t, staging, engine.Config{Threads: 2}, min(partitions, 3), partitions, true)
		_, err := run.Run(t.Context(), &recon.Job{
			RunID: "sorted", MatchSQL: sql, EvidenceColumns: columns, OutputPath: "out", PrimaryKeys: map[string][]string{"l": {"id"}, "r": {"id"}},
			Sources: []recon.Source{{Alias: "l", URI: recon.URI(left)}, {Alias: "r", URI: recon.URI(right)}},
		}, time.Unix(1700000000, 0), func(recon.Progress) {})
		require.NoError(t, err, name)
		got := map[string]string{}
		for _, file := range []string{evidence.MatchedFile, evidence.UnmatchedLeftFile, evidence.UnmatchedRightFile} {
			data, err := os.ReadFile(filepath.Join(staging, "out", file))
			require.NoError(t, err)
			got[file] = string(data)
		}
		if want == nil {
			want = got
		}
		for file := range want {
			require.True(t, want[file] == got[file], "%s: %s differs with %d partitions", name, file, partitions)
		}
	}
}

func writeSides(t *testing.T, dir string) (left, right string) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	write := func(name string, rows int) string {
		var out strings.Builder
		out.WriteString("id,ref,amount,further,free,plain\n")
		for i := range rows {
			id := fmt.Sprintf("%s%d", name, i-i%50/49) // one in fifty has the id before it
			if i%97 == 0 {
				id = ""
			}
			fmt.Fprintf(&out, "%s,ref%d,%d.%02d,%d,\"%s, %d\",\n", id, random.IntN(rows), random.IntN(3), random.IntN(100), i, name, random.IntN(3))
		}
		path := filepath.Join(dir, name+".csv")
		require.NoError(t, os.WriteFile(path, []byte(out.String()), 0o600))
		return path
	}
	return write("l", 3000), write("r", 2500)
}
