package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/postgres"
	"kallad/worker/source/postgres/pgtest"
	"kallad/worker/source/sourcetest"
)

// TestConformance is not parallel: the suite looks for leaked goroutines.
func TestConformance(t *testing.T) {
	unique := map[string][][]string{"keyed": {{"id"}, {"amount", "day"}, {"at"}}}
	for name, ddl := range map[string]string{
		"table": "CREATE TABLE rows (%s) WITH (fillfactor = 10)",
		"keyed": "CREATE TABLE rows (%s, PRIMARY KEY (id), UNIQUE (amount, day), UNIQUE (at)) WITH (fillfactor = 10)",
		"partitioned": `CREATE TABLE rows (%s) PARTITION BY HASH (id);
			CREATE TABLE rows_0 PARTITION OF rows FOR VALUES WITH (MODULUS 3, REMAINDER 0);
			CREATE TABLE rows_1 PARTITION OF rows FOR VALUES WITH (MODULUS 3, REMAINDER 1);
			CREATE TABLE rows_2 PARTITION OF rows FOR VALUES WITH (MODULUS 3, REMAINDER 2)`,
	} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Subject{
				Store: func(t *testing.T, rows arrow.RecordBatch) recon.URI {
					db := server.Database(t)
					storeSuite(t, db, ddl, rows)
					return recon.URI(db.URL("table=rows"))
				},
				Opener: func(_ *testing.T, mem memory.Allocator) source.Opener {
					return postgres.New(postgres.Config{Allocator: mem, PartitionPages: 1})
				},
				Secrets: []string{pgtest.Password},
				Unique:  unique[name],
			})
		})
	}
}

const suiteColumns = `id bigint NOT NULL, code text NOT NULL, note text, amount numeric(18,2),
	day date, at timestamp, ok boolean`

func storeSuite(t *testing.T, db *pgtest.Database, ddl string, rows arrow.RecordBatch) {
	t.Helper()
	db.Exec(t, fmt.Sprintf(ddl, suiteColumns))
	copyRows(t, db.Conn(t), rows)
	db.Exec(t, "ANALYZE rows")
}

// copyRows writes the suite's rows through the driver's own encoders.
func copyRows(t *testing.T, conn *pgx.Conn, rows arrow.RecordBatch) {
	t.Helper()
	var names []string
	for _, f := range rows.Schema().Fields() {
		names = append(names, f.Name)
	}
	_, err := conn.CopyFrom(context.Background(), pgx.Identifier{"rows"}, names,
		pgx.CopyFromSlice(int(rows.NumRows()), func(i int) ([]any, error) {
			values := make([]any, len(names))
			for c := range names {
				values[c] = goValue(rows.Column(c), i)
			}
			return values, nil
		}))
	require.NoError(t, err)
}

func goValue(column arrow.Array, i int) any {
	if column.IsNull(i) {
		return nil
	}
	switch c := column.(type) {
	case *array.Date32:
		return c.Value(i).ToTime()
	case *array.Timestamp:
		return c.Value(i).ToTime(arrow.Microsecond)
	case *array.Decimal128:
		return c.ValueStr(i)
	case *array.Int64:
		return c.Value(i)
	case *array.Boolean:
		return c.Value(i)
	}
	return column.ValueStr(i)
}
