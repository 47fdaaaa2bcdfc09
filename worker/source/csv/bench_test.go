package csv_test

import (
	"bufio"
	"context"
	"database/sql"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/stretchr/testify/require"

	"kallad/worker/blob"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/csv"
)

// benchFile writes a file of about size bytes: invoices of eight columns, the
// texts of which are quoted if quoted says so.
func benchFile(b *testing.B, size int, quoted bool) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "invoices.csv")
	f, err := os.Create(path)
	require.NoError(b, err)
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	rng := rand.New(rand.NewPCG(1, 2))
	written, _ := fmt.Fprintln(w, "invoice_id,customer_id,customer_name,invoice_date,due_date,amount,currency,status")
	q := ""
	if quoted {
		q = `"`
	}
	for i := 0; written < size; i++ {
		n, _ := fmt.Fprintf(w, "INV-%08d,C%06d,%sCustomer %d and Sons%s,2024-%02d-%02d,2024-%02d-%02d,%d.%02d,%sEUR%s,%sopen%s\n",
			i, rng.IntN(1_000_000), q, rng.IntN(100_000), q, 1+rng.IntN(12), 1+rng.IntN(28), 1+rng.IntN(12), 1+rng.IntN(28),
			rng.IntN(100_000), rng.IntN(100), q, q, q, q)
		written += n
	}
	require.NoError(b, w.Flush())
	return path
}

const benchBytes = 64 << 20

var benchScans = []struct {
	name    string
	columns []string
}{
	{"count", nil},
	{"narrow", []string{"invoice_id", "amount"}},
	{"wide", []string{"invoice_id", "customer_id", "customer_name", "invoice_date", "due_date", "amount", "currency", "status"}},
}

// BenchmarkRead reads one partition after the other, which is the speed of one
// core and a read ahead.
func BenchmarkRead(b *testing.B) {
	for _, quoted := range []bool{false, true} {
		path := benchFile(b, benchBytes, quoted)
		for _, s := range benchScans {
			b.Run(fmt.Sprintf("%s/quoted=%v", s.name, quoted), func(b *testing.B) {
				b.SetBytes(benchBytes)
				b.ReportAllocs()
				src, err := csv.New(blob.NewLocal(blob.LocalConfig{}), csv.Config{}).Open(context.Background(), recon.URI(path))
				require.NoError(b, err)
				defer src.Close()
				_, err = src.Describe(context.Background())
				require.NoError(b, err)
				start := cpuTime(b)
				for b.Loop() {
					benchRead(b, src, s.columns)
				}
				reportCPU(b, start)
			})
		}
		benchDuckDB(b, path, quoted)
		b.Run(fmt.Sprintf("encoding-csv/quoted=%v", quoted), func(b *testing.B) {
			b.SetBytes(benchBytes)
			start := cpuTime(b)
			for b.Loop() {
				benchStd(b, path)
			}
			reportCPU(b, start)
		})
	}
}

// cpuTime is the processor time of this process, which a busy machine does not
// stretch as it does the clock's.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// reportCPU reports bytes read per second of processor time.
func reportCPU(b *testing.B, start time.Duration) {
	spent := cpuTime(b) - start
	b.ReportMetric(float64(b.N)*benchBytes/1e6/spent.Seconds(), "MB/cpu-s")
}

func benchRead(b *testing.B, src source.Source, columns []string) {
	ctx := context.Background()
	scan := source.Scan{Columns: columns}
	parts, err := src.Split(ctx, scan, 4)
	require.NoError(b, err)
	for _, p := range parts {
		batches, err := src.Read(ctx, scan, p)
		require.NoError(b, err)
		for {
			batch, err := batches.Next(ctx)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(b, err)
			batch.Release()
		}
		require.NoError(b, batches.Close())
	}
}

// benchDuckDB has DuckDB's own reader read the same columns on one thread, with
// the types given, and look at every value.
func benchDuckDB(b *testing.B, path string, quoted bool) {
	db, err := sql.Open("duckdb", "")
	require.NoError(b, err)
	defer db.Close()
	_, err = db.Exec("SET threads = 1")
	require.NoError(b, err)
	for _, s := range benchScans {
		what := "count(*)"
		if len(s.columns) > 0 {
			what = "max(hash(" + strings.Join(s.columns, ", ") + "))"
		}
		query := fmt.Sprintf("SELECT %s FROM read_csv('%s', header = true, types = {'amount': 'DECIMAL(18,2)'})", what, path)
		b.Run(fmt.Sprintf("duckdb-%s/quoted=%v", s.name, quoted), func(b *testing.B) {
			b.SetBytes(benchBytes)
			start := cpuTime(b)
			for b.Loop() {
				var result any
				require.NoError(b, db.QueryRow(query).Scan(&result))
			}
			reportCPU(b, start)
		})
	}
}

func benchStd(b *testing.B, path string) {
	f, err := os.Open(path)
	require.NoError(b, err)
	defer f.Close()
	r := stdcsv.NewReader(bufio.NewReaderSize(f, 1<<20))
	r.ReuseRecord = true
	for {
		if _, err := r.Read(); err == io.EOF {
			return
		}
	}
}

// BenchmarkSplit finds the borders of partitions, without types.
func BenchmarkSplit(b *testing.B) {
	for _, quoted := range []bool{false, true} {
		b.Run(fmt.Sprintf("quoted=%v", quoted), func(b *testing.B) {
			path := benchFile(b, 4*benchBytes, quoted)
			ctx := context.Background()
			src, err := csv.New(blob.NewLocal(blob.LocalConfig{}), csv.Config{}).Open(ctx, recon.URI(path))
			require.NoError(b, err)
			defer src.Close()
			_, err = src.Describe(ctx)
			require.NoError(b, err)
			b.SetBytes(4 * benchBytes)
			for b.Loop() {
				_, err := src.Split(ctx, source.Scan{}, 4)
				require.NoError(b, err)
			}
		})
	}
}

// BenchmarkDescribe infers the types of a file that is sampled.
func BenchmarkDescribe(b *testing.B) {
	path := benchFile(b, benchBytes, false)
	for b.Loop() {
		src, err := csv.New(blob.NewLocal(blob.LocalConfig{}), csv.Config{}).Open(context.Background(), recon.URI(path))
		require.NoError(b, err)
		_, err = src.Describe(context.Background())
		require.NoError(b, err)
		require.NoError(b, src.Close())
	}
}
