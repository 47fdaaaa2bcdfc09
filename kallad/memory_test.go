package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
)

// writeRows writes a CSV file of n records.
func writeRows(t *testing.T, path, header string, n int, record func(w *bufio.Writer, i int)) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	w := bufio.NewWriterSize(file, 1<<20)
	fmt.Fprintln(w, header)
	for i := range n {
		record(w, i)
	}
	require.NoError(t, w.Flush())
	require.NoError(t, file.Close())
}

// The memory that is promised: the limit, and 300 MB for the process besides.
// The tables alone take twice the limit. The real figures, on inputs that take
// much longer, are in docs/performance.md.
func TestMemoryStaysWithinTheLimit(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the result tells its peak memory on Linux only")
	}
	t.Parallel()
	const rows, limit, besides = 1_000_000, 64_000_000, 300_000_000
	dir := t.TempDir()
	writeRows(t, filepath.Join(dir, "invoices.csv"), "invoice_id,customer,amount", rows, func(w *bufio.Writer, i int) {
		fmt.Fprintf(w, "INV-%09d,customer number %d,%d.%02d\n", i, i%977, i%10_007, i%100)
	})
	// Every third payment is for no invoice.
	writeRows(t, filepath.Join(dir, "payments.csv"), "payment_id,reference_number,paid_amount", rows, func(w *bufio.Writer, i int) {
		ref := (i*7919 + 13) % rows
		fmt.Fprintf(w, "PAY-%09d,INV-%09d,%d.%02d\n", i, ref+i%3/2*rows, ref%10_007, ref%100)
	})
	writeJob(t, dir, "job.json", jobOver("flat", joinOnReference))
	o := kallad(t, dir, "run", "--json", "--memory-limit", fmt.Sprint(limit), "job.json")
	require.Equal(t, 0, o.code, o.err)
	var result recon.Result
	require.NoError(t, json.Unmarshal([]byte(o.out), &result))
	require.EqualValues(t, rows-rows/3, result.MatchedCount)
	require.EqualValues(t, rows/3, result.UnmatchedLeftCount)
	t.Logf("peak: %d MB", result.PeakMemoryBytes/1e6)
	require.Less(t, result.PeakMemoryBytes, int64(limit+besides))
}

// The allocator's settings are a variable that nothing of ours reads: were it
// not linked in, or renamed by a new DuckDB, only memory would show it.
func TestAllocatorKeepsLittleOfWhatIsFreed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("DuckDB has this allocator on Linux only")
	}
	t.Parallel()
	cmd := command(t, t.TempDir(), "version")
	cmd.Env = append(cmd.Env, "DUCKDB_JE_MALLOC_CONF=confirm_conf:true")
	o := finish(t, cmd)
	require.Equal(t, 0, o.code, o.err)
	for _, setting := range []string{"oversize_threshold:524288", "muzzy_decay_ms:0", "narenas:4"} {
		require.Contains(t, o.err, "Set conf value: "+setting)
	}
}
