package postgres_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/postgres"
	"kallad/worker/source/postgres/pgtest"
)

// benchTable is a table, and which columns of it are read, all by default.
type benchTable struct {
	name, ddl string
	rows      int
	columns   []string
}

// benchTables are a narrow and a wide table of a million rows each, one ten
// times as long, and one of which a reconciliation needs three columns.
var benchTables = []benchTable{
	{"narrow", "CREATE TABLE narrow AS SELECT i::bigint AS id, ((i::bigint * 7919 % 10000000)::numeric / 100)::numeric(12,2) AS amount FROM generate_series(1, 1000000) i", 1_000_000, nil},
	{"wide", `CREATE TABLE wide AS SELECT i::bigint AS id, 'INV-' || i AS number, md5(i::text) AS ref, md5((i + 1)::text) || md5(i::text) AS note,
		i % 1000 AS account, timestamptz '2024-01-01' + i * interval '1 second' AS at, ((i::bigint * 7919 % 10000000)::numeric / 100)::numeric(12,2) AS amount,
		i::float8 AS rate, date '2020-01-01' + i % 1000 AS day, i % 2 = 0 AS ok FROM generate_series(1, 1000000) i`, 1_000_000, nil},
	{"long", "CREATE TABLE long AS SELECT i::bigint AS id, ((i % 10000000)::numeric / 100)::numeric(12,2) AS amount FROM generate_series(1, 10000000) i", 10_000_000, nil},
	{"payments", `CREATE TABLE payments AS SELECT 'PAY-' || lpad(i::text, 9, '0') AS payment_id, 'INV-' || lpad((i::bigint * 7919 % 5000000)::text, 9, '0') AS reference_number,
		timestamp '2024-01-01' + i * interval '1 second' AS paid_at, ((i::bigint * 7919 % 10000000)::numeric / 100)::numeric(18,2) AS paid_amount,
		'EUR' AS currency, 'transfer' AS method, 'A company of ' || i % 1000 AS payer, 'DE' || lpad(i::text, 20, '7') AS account FROM generate_series(1, 2000000) i`,
		2_000_000, []string{"payment_id", "reference_number", "paid_amount"}},
}

// BenchmarkRead reads tables in 1, 2 and 4 partitions, beside its anchor in
// the same run: psql's binary COPY of the table to nowhere.
func BenchmarkRead(b *testing.B) {
	db := server.Database(b)
	for _, table := range benchTables {
		db.Exec(b, table.ddl)
		db.Exec(b, "VACUUM (FREEZE, ANALYZE) "+table.name)
		b.Run(table.name+"/psql", func(b *testing.B) {
			for b.Loop() {
				copyToNowhere(b, db, table)
			}
			report(b, table.rows)
		})
		for _, parts := range []int{1, 2, 4} {
			b.Run(fmt.Sprintf("%s/%d", table.name, parts), func(b *testing.B) {
				peak := uint64(0)
				for b.Loop() {
					rows, heap := readTable(b, db.URL("table="+table.name), parts, table.columns)
					require.Equal(b, table.rows, rows)
					peak = max(peak, heap)
				}
				report(b, table.rows)
				b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
			})
		}
	}
}

// BenchmarkSmall reads a table of 15 rows, from the address to the last row,
// beside its anchor: one connection and one trivial statement.
func BenchmarkSmall(b *testing.B) {
	db := server.Database(b)
	db.Exec(b, "CREATE TABLE t AS SELECT i, 1.5::numeric(5,2) AS amount FROM generate_series(1, 15) i")
	b.Run("connect", func(b *testing.B) {
		for b.Loop() {
			db.Exec(b, "SELECT 1")
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			rows, _ := readTable(b, db.URL("table=t"), 1, nil)
			require.Equal(b, 15, rows)
		}
	})
}

func report(b *testing.B, rows int) {
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func copyToNowhere(b *testing.B, db *pgtest.Database, table benchTable) {
	from := table.name
	if table.columns != nil {
		from += " (" + strings.Join(table.columns, ", ") + ")"
	}
	cmd := exec.Command(filepath.Join(db.Bin, "psql"), "-X", "-q", "-d", db.URL(), "-c", "COPY "+from+" TO STDOUT (FORMAT binary)")
	require.NoError(b, cmd.Run())
}

// readTable opens, describes, splits and reads a table, with all its columns
// where none are named. peak is the greatest size of the heap, garbage included, at any batch.
func readTable(b *testing.B, uri string, parts int, columns []string) (rows int, peak uint64) {
	ctx := context.Background()
	src, err := postgres.New(postgres.Config{}).Open(ctx, recon.URI(uri))
	require.NoError(b, err)
	defer func() { require.NoError(b, src.Close()) }()
	d, err := src.Describe(ctx)
	require.NoError(b, err)
	scan := source.Scan{Columns: columns}
	if columns == nil {
		for _, f := range d.Schema.Fields() {
			scan.Columns = append(scan.Columns, f.Name)
		}
	}
	partitions, err := src.Split(ctx, scan, parts)
	require.NoError(b, err)
	counts, peaks := make([]int, len(partitions)), make([]uint64, len(partitions))
	var group errgroup.Group
	for i, p := range partitions {
		group.Go(func() error {
			return forEachBatch(src, scan, p, func(batch arrow.RecordBatch) {
				counts[i] += int(batch.NumRows())
				peaks[i] = max(peaks[i], heapObjects())
			})
		})
	}
	require.NoError(b, group.Wait())
	for _, n := range counts {
		rows += n
	}
	return rows, slices.Max(peaks)
}

func heapObjects() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
