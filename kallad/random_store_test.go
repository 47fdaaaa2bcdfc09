//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
	"kallad/ballista/plan/plantest"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/postgres/pgtest"
)

// randomStore puts random tables where sources are read from, in as many
// pieces as it takes to split them.
type randomStore struct {
	session *engine.Session // has the tables as they are written
	sources *source.Registry
	dir     string
	db      *pgtest.Database
	conn    *pgx.Conn
}

func newRandomStore(t *testing.T, sources *source.Registry) *randomStore {
	db := pgServer.Database(t)
	return &randomStore{session: newSession(t), sources: sources, dir: t.TempDir(), db: db, conn: db.Conn(t)}
}

func newSession(t *testing.T) *engine.Session {
	session, err := engine.Open(engine.Config{Threads: 1, TempDir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, session.Close()) })
	return session
}

// stored is a random table as a source.
type stored struct {
	plantest.Table
	uri    recon.URI
	schema *arrow.Schema
	// splits is into how many shares it can be read at most.
	splits int
}

// put makes sources of a case's tables. In the session they then have the
// types that the sources say, and the values that were written.
func (s *randomStore) put(t *testing.T, c plantest.Case, g *rand.Rand) []stored {
	t.Helper()
	var out []stored
	for _, table := range c.Tables {
		for _, sql := range table.Create() {
			require.NoError(t, s.session.Exec(t.Context(), sql), sql)
		}
		st := stored{Table: table, uri: s.write(t, table, g)}
		src, err := s.sources.Open(t.Context(), st.uri)
		require.NoError(t, err)
		about, err := src.Describe(t.Context())
		require.NoError(t, errors.Join(err, src.Close()))
		st.schema, st.splits = about.Schema, about.MaxPartitions
		written := "written_" + table.Name
		require.NoError(t, s.session.Exec(t.Context(), fmt.Sprintf("ALTER TABLE %s RENAME TO %s", table.Name, written)))
		require.NoError(t, s.session.CreateEmpty(t.Context(), table.Name, about.Schema))
		require.NoError(t, s.session.Exec(t.Context(), fmt.Sprintf("INSERT INTO %s SELECT * FROM %s", table.Name, written)))
		require.NoError(t, s.session.Exec(t.Context(), "DROP TABLE "+written))
		out = append(out, st)
	}
	return out
}

// drop removes what was put.
func (s *randomStore) drop(t *testing.T, tables []stored) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, "*"))
	require.NoError(t, err)
	for _, f := range files {
		require.NoError(t, os.Remove(f))
	}
	for _, table := range tables {
		require.NoError(t, s.session.Exec(t.Context(), "DROP TABLE "+table.Name))
		s.sql(t, "DROP TABLE IF EXISTS "+table.Name)
	}
}

// write writes a table somewhere: mostly to Parquet.
func (s *randomStore) write(t *testing.T, table plantest.Table, g *rand.Rand) recon.URI {
	t.Helper()
	switch g.IntN(5) {
	case 0:
		if !hasNested(table) {
			return s.writePostgres(t, table)
		}
	case 1:
		if types := csvTypes(table); types != "" {
			return s.writeCSV(t, table, types, 1+g.IntN(4))
		}
	}
	return s.writeParquet(t, table, 1+g.IntN(12))
}

// writeParquet writes a file with so many rows in a row group.
func (s *randomStore) writeParquet(t *testing.T, table plantest.Table, group int) recon.URI {
	t.Helper()
	rows, err := s.session.Query(t.Context(), "SELECT * FROM "+table.Name)
	require.NoError(t, err)
	defer rows.Close()
	path := filepath.Join(s.dir, table.Name+".parquet")
	f, err := os.Create(path)
	require.NoError(t, err)
	w, err := pqarrow.NewFileWriter(rows.Schema(), f, nil, pqarrow.DefaultWriterProps())
	require.NoError(t, err)
	for batch := range batches(t, rows) {
		for from := int64(0); from < batch.NumRows(); from += int64(group) {
			part := batch.NewSlice(from, min(from+int64(group), batch.NumRows()))
			require.NoError(t, w.Write(part))
			part.Release()
		}
	}
	require.NoError(t, w.Close())
	return recon.URI(path)
}

// batches are those of a query; each is released after the loop's body.
func batches(t *testing.T, rows *engine.Rows) func(yield func(arrow.RecordBatch) bool) {
	return func(yield func(arrow.RecordBatch) bool) {
		for {
			batch, err := rows.Next(t.Context())
			if errors.Is(err, io.EOF) {
				return
			}
			require.NoError(t, err)
			more := yield(batch)
			batch.Release()
			if !more {
				return
			}
		}
	}
}

// csvKinds are the CSV reader's types for those of which it has all values.
var csvKinds = map[string]string{
	"TINYINT": "integer", "USMALLINT": "integer", "SMALLINT": "integer", "INTEGER": "integer", "BIGINT": "integer", "UTINYINT": "integer", "UINTEGER": "integer", "UBIGINT": "decimal(20,0)",
	"VARCHAR": "text", "DATE": "date", "BOOLEAN": "boolean", "TIMESTAMPTZ": "timestamptz",
	"TIMESTAMP": "timestamp", "TIMESTAMP_S": "timestamp", "TIMESTAMP_MS": "timestamp",
}

// csvTypes is the types parameter of a table's address, "" if some type is not
// the CSV reader's.
func csvTypes(table plantest.Table) string {
	var out []string
	for _, c := range table.Columns() {
		kind := csvKinds[c.Kind]
		if strings.HasPrefix(c.Kind, "DECIMAL") {
			kind = strings.ToLower(c.Kind)
		}
		if kind == "" {
			return ""
		}
		out = append(out, c.Name+":"+kind)
	}
	return strings.Join(out, ",")
}

// writeCSV writes so many files.
func (s *randomStore) writeCSV(t *testing.T, table plantest.Table, types string, files int) recon.URI {
	t.Helper()
	var names, texts []string
	for _, c := range table.Columns() {
		names = append(names, `"`+strings.ReplaceAll(c.Name, `"`, `""`)+`"`)
		texts = append(texts, "CAST("+engine.Quote(c.Name)+" AS VARCHAR)")
	}
	rows, err := s.session.Query(t.Context(), "SELECT "+strings.Join(texts, ", ")+" FROM "+table.Name)
	require.NoError(t, err)
	defer rows.Close()
	out := make([]strings.Builder, files)
	for i := range out {
		fmt.Fprintln(&out[i], strings.Join(names, ","))
	}
	at := 0
	for batch := range batches(t, rows) {
		for i := range int(batch.NumRows()) {
			fields := make([]string, len(names))
			for c := range fields {
				if col := batch.Column(c).(*array.String); col.IsNull(i) {
					fields[c] = "nothing"
				} else {
					fields[c] = `"` + strings.ReplaceAll(col.Value(i), `"`, `""`) + `"`
				}
			}
			fmt.Fprintln(&out[at%files], strings.Join(fields, ","))
			at++
		}
	}
	for i := range out {
		write(t, s.dir, fmt.Sprintf("%s-%d.csv", table.Name, i), out[i].String())
	}
	return recon.URI(filepath.Join(s.dir, table.Name+"-*.csv?null=nothing&types="+url.QueryEscape(types)))
}

// hasNested reports whether a table has lists or rows, whose literals are other
// ones in Postgres.
func hasNested(table plantest.Table) bool {
	return slices.ContainsFunc(table.Columns(), func(c plantest.Column) bool {
		return strings.HasSuffix(c.Kind, "[]") || strings.HasPrefix(c.Kind, "STRUCT")
	})
}

// postgresKinds are Postgres's types for those of the engine's that it calls
// otherwise. They have all values.
var postgresKinds = map[string]string{
	"TINYINT": "smallint", "USMALLINT": "integer", "BLOB": "bytea", "UTINYINT": "smallint", "UINTEGER": "bigint", "UBIGINT": "numeric(20,0)", "DOUBLE": "double precision", "FLOAT": "real", "VARCHAR": "text",
	"TIMESTAMP_S": "timestamp", "TIMESTAMP_MS": "timestamp", "TIMESTAMP_NS": "timestamp",
}

// writePostgres makes a table whose pages hold few rows.
func (s *randomStore) writePostgres(t *testing.T, table plantest.Table) recon.URI {
	t.Helper()
	var columns, values []string
	for _, c := range table.Columns() {
		kind := c.Kind
		if own := postgresKinds[kind]; own != "" {
			kind = own
		}
		columns = append(columns, engine.Quote(c.Name)+" "+kind)
	}
	for _, row := range table.Rows() {
		values = append(values, "("+strings.Join(row, ", ")+")")
	}
	s.sql(t, fmt.Sprintf("CREATE TABLE %s (%s) WITH (fillfactor = 10)", table.Name, strings.Join(columns, ", ")))
	for part := range slices.Chunk(values, 100) {
		s.sql(t, "INSERT INTO "+table.Name+" VALUES "+strings.Join(part, ", "))
	}
	s.sql(t, "ANALYZE "+table.Name)
	return recon.URI(s.db.URL("table=" + table.Name))
}

func (s *randomStore) sql(t *testing.T, sql string) {
	t.Helper()
	_, err := s.conn.Exec(context.Background(), sql)
	require.NoError(t, err, sql)
}
