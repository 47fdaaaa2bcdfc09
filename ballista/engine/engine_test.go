package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/ballista/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, cfg engine.Config) *engine.Session {
	t.Helper()
	if cfg.TempDir == "" {
		cfg.TempDir = t.TempDir()
	}
	s, err := engine.Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// texts returns every cell of a result as text.
func texts(t *testing.T, s *engine.Session, sql string) [][]string {
	t.Helper()
	rows, err := s.Query(t.Context(), sql)
	require.NoError(t, err, sql)
	defer rows.Close()
	var out [][]string
	for {
		batch, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err, sql)
		for i := range int(batch.NumRows()) {
			var row []string
			for _, col := range batch.Columns() {
				row = append(row, col.ValueStr(i))
			}
			out = append(out, row)
		}
		batch.Release()
	}
}

// input serves the given batches, one partition each, and checks that all of
// them are released.
func input(t *testing.T, batches ...arrow.RecordBatch) engine.Input {
	return engine.Input{
		Schema: batches[0].Schema(), Partitions: len(batches),
		Open: func(_ context.Context, i int) (engine.Batches, error) {
			return &slice{batches: batches[i : i+1]}, nil
		},
	}
}

type slice struct{ batches []arrow.RecordBatch }

func (s *slice) Next(context.Context) (arrow.RecordBatch, error) {
	if len(s.batches) == 0 {
		return nil, io.EOF
	}
	b := s.batches[0]
	s.batches = s.batches[1:]
	b.Retain()
	return b, nil
}

func (s *slice) Close() error { return nil }

// everyType is SQL whose result has each type that can be carried, with its
// edge values, nulls and more rows than one vector.
const everyType = `SELECT
	CASE WHEN i % 7 = 3 THEN NULL ELSE i % 2 = 0 END AS c_bool,
	CAST(i % 100 AS TINYINT) AS c_i8, CAST(i AS SMALLINT) AS c_i16, CAST(-i AS INTEGER) AS c_i32, i AS c_i64,
	CAST(i % 200 AS UTINYINT) AS c_u8, CAST(i AS USMALLINT) AS c_u16, CAST(i AS UINTEGER) AS c_u32, 18446744073709551615::UBIGINT AS c_u64,
	CAST(i AS FLOAT) / 3 AS c_f32, CASE WHEN i = 5 THEN 'nan'::DOUBLE WHEN i = 6 THEN '-inf'::DOUBLE ELSE i / 3.0::DOUBLE END AS c_f64,
	CAST(i % 90 AS DECIMAL(4,1)) AS c_d4, CAST(-i AS DECIMAL(9,2)) AS c_d9, CAST(i AS DECIMAL(18,2)) + 0.01 AS c_d18,
	-99999999999999999999999999999999999.999::DECIMAL(38,3) AS c_d38, (i * 10000000000000000000::HUGEINT) AS c_huge,
	CASE WHEN i % 3 = 0 THEN NULL WHEN i % 3 = 1 THEN '' ELSE repeat('äx', i % 20) END AS c_text,
	CASE WHEN i % 5 = 0 THEN NULL ELSE encode(repeat('b', i % 30)) END AS c_blob,
	DATE '0001-01-01' + CAST(i AS INTEGER) AS c_date, CASE WHEN i = 1 THEN 'infinity'::DATE ELSE '9999-12-31'::DATE END AS c_inf,
	TIME '23:59:59.999999' AS c_time, TIMESTAMP '1969-12-31 23:59:59.999999' + to_seconds(i) AS c_ts,
	TIMESTAMP_S '2024-01-01 00:00:01' AS c_ts_s, TIMESTAMP_MS '2024-01-01 00:00:01.001' AS c_ts_ms, TIMESTAMP_NS '2024-01-01 00:00:01.000000001' AS c_ts_ns,
	CASE WHEN i = 2 THEN '-infinity'::TIMESTAMPTZ ELSE TIMESTAMPTZ '2024-01-01 00:00:01.5+02' END AS c_tstz,
	CASE WHEN i % 2 = 0 THEN INTERVAL (i) MONTH + INTERVAL 1 DAY - INTERVAL 3 SECOND END AS c_interval,
	CASE WHEN i % 4 = 0 THEN 'ffffffff-8000-4000-8000-0123456789ab'::UUID ELSE '00000000-0000-0000-0000-000000000001'::UUID END AS c_uuid,
	CASE WHEN i % 6 = 0 THEN NULL ELSE [i, NULL, -i][:CAST(i % 4 AS INTEGER)] END AS c_list,
	{'a': i, 'b': CASE WHEN i % 2 = 0 THEN repeat('y', 13) END} AS c_struct,
	MAP {'k' || i: [i::DECIMAL(10,2)]} AS c_map,
	[[repeat('z', 15)], NULL, []] AS c_nested
	FROM range(5000) t(i)`

func TestEveryTypeComesBackAsItWas(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{Threads: 2})
	require.NoError(t, s.Exec(t.Context(), "CREATE TABLE before AS "+everyType))
	rows, err := s.Query(t.Context(), "SELECT * FROM before")
	require.NoError(t, err)
	var batches []arrow.RecordBatch
	for {
		b, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		// An offset into the batch must change nothing.
		batches = append(batches, b.NewSlice(0, 3), b.NewSlice(3, b.NumRows()))
		b.Release()
	}
	require.NoError(t, rows.Close())
	n, err := s.CreateTable(t.Context(), "after", input(t, batches...))
	require.NoError(t, err)
	require.EqualValues(t, 5000, n)

	types := "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '%s' ORDER BY column_index"
	want := texts(t, s, fmt.Sprintf(types, "before"))
	got := texts(t, s, fmt.Sprintf(types, "after"))
	for i := range want {
		if want[i][0] == "c_huge" {
			want[i][1] = "DECIMAL(38,0)"
		}
	}
	require.Equal(t, want, got)
	require.Equal(t, [][]string{{"0"}}, texts(t, s, "SELECT count(*) FROM (SELECT * FROM before EXCEPT ALL SELECT * FROM after)"))
	require.Equal(t, [][]string{{"0"}}, texts(t, s, "SELECT count(*) FROM (SELECT * FROM after EXCEPT ALL SELECT * FROM before)"))
}

func TestLoadErrorIsTheInputsOwn(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{})
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int64}}, nil)
	broken := errors.New("line 7 is broken")
	_, err := s.CreateTable(t.Context(), "t", engine.Input{Schema: schema, Partitions: 3,
		Open: func(context.Context, int) (engine.Batches, error) { return nil, broken }})
	require.ErrorIs(t, err, broken)
	_, err = s.Query(t.Context(), "SELECT * FROM t")
	require.ErrorContains(t, err, "t does not exist")
}

func TestInvalidTextIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{})
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.Append("ok")
	b.Append("bad\xff")
	arr := b.NewArray()
	schema := arrow.NewSchema([]arrow.Field{{Name: "a", Type: arrow.BinaryTypes.String}}, nil)
	_, err := s.CreateTable(t.Context(), "t", input(t, array.NewRecordBatch(schema, []arrow.Array{arr}, 2)))
	require.ErrorContains(t, err, `column "a": a text that is not valid UTF-8`)
}

func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{MemoryLimit: 64 << 20, MaxSpill: 1 << 20})
	err := s.Exec(t.Context(), "CREATE TABLE big AS SELECT i, md5(i::VARCHAR) AS m FROM range(10000000) t(i)")
	require.Error(t, err)
	require.Contains(t, []engine.Kind{engine.KindMemory, engine.KindDisk}, engine.KindOf(err), err.Error())
}

func TestSpillStaysInItsFolderAndGoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := engine.Open(engine.Config{MemoryLimit: 64 << 20, Threads: 1, TempDir: dir})
	require.NoError(t, err)
	require.NoError(t, s.Exec(t.Context(), "CREATE TABLE big AS SELECT i, md5(i::VARCHAR) AS m FROM range(5000000) t(i)"))
	spilled, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, spilled)
	require.NoError(t, s.Close())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestLateErrorOfAStream(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{Threads: 1})
	rows, err := s.Query(t.Context(), "SELECT CASE WHEN i = 900000 THEN error('too far') ELSE i END FROM range(1000000) t(i)")
	for err == nil {
		var b arrow.RecordBatch
		if b, err = rows.Next(t.Context()); err == nil {
			b.Release()
		}
	}
	require.ErrorContains(t, err, "too far")
	require.NoError(t, rows.Close())
}
