package parquet_test

import (
	"context"
	"database/sql"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/apache/arrow-go/v18/arrow/memory"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source"
)

// column reads one column whole, as its type and its values as text.
func column(t *testing.T, path, name string) (arrow.DataType, []string) {
	t.Helper()
	src := open(t, path)
	batches, err := read(t, src, source.Scan{Columns: []string{name}, BatchRows: 2})
	require.NoError(t, err)
	d, err := src.Describe(context.Background())
	require.NoError(t, err)
	at := d.Schema.FieldIndices(name)
	require.Len(t, at, 1)
	var values []string
	for _, b := range batches {
		require.True(t, arrow.TypeEqual(d.Schema.Field(at[0]).Type, b.Column(0).DataType()), "described as %s, read as %s", d.Schema.Field(at[0]).Type, b.Column(0).DataType())
		for i := range int(b.NumRows()) {
			values = append(values, b.Column(0).ValueStr(i))
		}
		b.Release()
	}
	return d.Schema.Field(at[0]).Type, values
}

func TestTypesAsDuckDBWritesThem(t *testing.T) {
	t.Parallel()
	decimal := func(p, s int32) arrow.DataType { return &arrow.Decimal128Type{Precision: p, Scale: s} }
	stamp := func(u arrow.TimeUnit, zone string) arrow.DataType {
		return &arrow.TimestampType{Unit: u, TimeZone: zone}
	}
	for name, c := range map[string]struct {
		sql    string
		typ    arrow.DataType
		values []string
	}{
		"bool":      {"(true), (NULL), (false)", arrow.FixedWidthTypes.Boolean, []string{"true", "(null)", "false"}},
		"tinyint":   {"((-128)::TINYINT), (NULL)", arrow.PrimitiveTypes.Int8, []string{"-128", "(null)"}},
		"usmallint": {"(65535::USMALLINT)", arrow.PrimitiveTypes.Uint16, []string{"65535"}},
		"uinteger":  {"(4294967295::UINTEGER)", arrow.PrimitiveTypes.Uint32, []string{"4294967295"}},
		"ubigint":   {"(18446744073709551615::UBIGINT)", arrow.PrimitiveTypes.Uint64, []string{"18446744073709551615"}},
		"double":    {"(0.1::DOUBLE), ('-inf'::DOUBLE), ('nan'::DOUBLE)", arrow.PrimitiveTypes.Float64, []string{"0.1", "-Inf", "NaN"}},
		"decimal4":  {"(-12.34::DECIMAL(4,2)), (NULL)", decimal(4, 2), []string{"-12.34", "(null)"}},
		"decimal18": {"(-9999999999999999.99::DECIMAL(18,2))", decimal(18, 2), []string{"-9999999999999999.99"}},
		"decimal38": {"(-99999999999999999999999999999999.999999::DECIMAL(38,6)), (1::DECIMAL(38,6))", decimal(38, 6), []string{"-99999999999999999999999999999999.999999", "1"}},
		"text":      {"('007'), (''), (NULL), ('é')", arrow.BinaryTypes.String, []string{"007", "", "(null)", "é"}},
		"few texts": {"('a'), ('b'), ('a'), ('a'), ('b')", arrow.BinaryTypes.String, []string{"a", "b", "a", "a", "b"}},
		"enum":      {"('x'::ENUM('x', 'y'))", arrow.BinaryTypes.String, []string{"x"}},
		"json":      {`('{"a": 1}'::JSON)`, arrow.BinaryTypes.String, []string{`{"a": 1}`}},
		"blob":      {`('\x00\xFF'::BLOB)`, arrow.BinaryTypes.Binary, []string{"AP8="}},
		"uuid":      {"('0b1f4a7e-2a53-4c1f-8d57-9a8a8f2f4c11'::UUID), (NULL)", extensions.NewUUIDType(), []string{"0b1f4a7e-2a53-4c1f-8d57-9a8a8f2f4c11", "(null)"}},
		"date":      {"(DATE '2024-02-29'), (DATE '0001-01-01')", arrow.FixedWidthTypes.Date32, []string{"2024-02-29", "0001-01-01"}},
		"time":      {"(TIME '23:59:59.999999')", arrow.FixedWidthTypes.Time64us, []string{"23:59:59.999999"}},
		"timestamp": {"(TIMESTAMP '2024-02-29 12:00:00.000001')", stamp(arrow.Microsecond, ""), []string{"2024-02-29T12:00:00.000001"}},
		"ms":        {"(TIMESTAMP_MS '2024-02-29 12:00:00.001')", stamp(arrow.Millisecond, ""), []string{"2024-02-29T12:00:00.001"}},
		"ns":        {"(TIMESTAMP_NS '2024-02-29 12:00:00.000000001')", stamp(arrow.Nanosecond, ""), []string{"2024-02-29T12:00:00.000000001"}},
		"tz":        {"(TIMESTAMPTZ '2024-02-29 12:00:00+00')", stamp(arrow.Microsecond, "UTC"), []string{"2024-02-29T12:00:00Z"}},
		"interval":  {"(INTERVAL '14 months 3 days 1.5 seconds'), (NULL)", arrow.FixedWidthTypes.MonthDayNanoInterval, []string{`{"months":14,"days":3,"nanoseconds":1500000000}`, "(null)"}},
		"list":      {"([1, NULL, 3]), (NULL), ([])", arrow.ListOfField(arrow.Field{Name: "element", Type: arrow.PrimitiveTypes.Int32, Nullable: true}), []string{"[1,null,3]", "(null)", "[]"}},
		"struct":    {"({'a': 'x', 'b': 1.5}), (NULL)", nil, []string{`{"a":"x","b":"1.5"}`, "(null)"}},
		"map":       {"(MAP {'k': 1}), (NULL)", nil, []string{`[{"key":"k","value":1}]`, "(null)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "t.parquet")
			db, err := sql.Open("duckdb", "")
			require.NoError(t, err)
			defer func() { require.NoError(t, db.Close()) }()
			_, err = db.Exec("COPY (SELECT * FROM (VALUES " + c.sql + ") t(c)) TO '" + path + "' (FORMAT parquet)")
			require.NoError(t, err)
			typ, values := column(t, path, "c")
			require.Equal(t, c.values, values)
			if c.typ != nil {
				require.Equal(t, c.typ.String(), typ.String())
			}
		})
	}
}

// writeArrow writes one column through Arrow's own writer.
func writeArrow(t *testing.T, typ arrow.DataType, fill func(array.Builder), props *pq.WriterProperties, opts ...pqarrow.WriterOption) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.parquet")
	f, err := os.Create(path)
	require.NoError(t, err)
	s := arrow.NewSchema([]arrow.Field{{Name: "c", Type: typ, Nullable: true}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	defer b.Release()
	fill(b.Field(0))
	rec := b.NewRecordBatch()
	defer rec.Release()
	w, err := pqarrow.NewFileWriter(s, f, props, pqarrow.NewArrowWriterProperties(opts...))
	require.NoError(t, err)
	require.NoError(t, w.Write(rec))
	require.NoError(t, w.Close())
	return path
}

func notes(t *testing.T, path string) []string {
	t.Helper()
	d, err := open(t, path).Describe(context.Background())
	require.NoError(t, err)
	return d.Notes
}

// TestOldTimestampsReachFar: INT96 holds the year 9999, nanoseconds do not.
func TestOldTimestampsReachFar(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "t.parquet")
	writeInt96(t, path, "9999-12-31 23:59:59.999999", "0001-01-01 00:00:00", "", "1969-12-31 23:59:59")
	typ, values := column(t, path, "c")
	require.Equal(t, &arrow.TimestampType{Unit: arrow.Microsecond}, typ)
	require.Equal(t, []string{"9999-12-31T23:59:59.999999", "0001-01-01T00:00:00", "(null)", "1969-12-31T23:59:59"}, values)
	require.Equal(t, []string{`column "c": old INT96 timestamps, carried as timestamps of microseconds`}, notes(t, path)[:1])

	fine := filepath.Join(t.TempDir(), "fine.parquet")
	writeInt96(t, fine, "2024-01-01 00:00:00.000000001")
	_, err := read(t, open(t, fine), source.Scan{Columns: []string{"c"}})
	require.ErrorContains(t, err, "finer than microseconds has no form here")
	require.True(t, recon.IsInput(err))
}

// writeInt96 writes timestamps as old writers did; an empty one is null.
func writeInt96(t *testing.T, path string, stamps ...string) {
	t.Helper()
	var values []pq.Int96
	var levels []int16
	for _, s := range stamps {
		if s == "" {
			levels = append(levels, 0)
			continue
		}
		at, err := time.Parse("2006-01-02 15:04:05", s)
		require.NoError(t, err)
		day := at.Unix() / 86400
		if at.Unix()%86400 < 0 {
			day--
		}
		nanos := (at.Unix()-day*86400)*1_000_000_000 + int64(at.Nanosecond())
		v := pq.NewInt96([3]uint32{uint32(nanos), uint32(nanos >> 32), uint32(day + 2_440_588)})
		values, levels = append(values, v), append(levels, 1)
	}
	f, err := os.Create(path)
	require.NoError(t, err)
	root, err := schema.NewGroupNode("schema", pq.Repetitions.Required, schema.FieldList{schema.NewInt96Node("c", pq.Repetitions.Optional, -1)}, -1)
	require.NoError(t, err)
	w, err := file.NewParquetWriterWithError(f, root)
	require.NoError(t, err)
	group, err := w.AppendRowGroupChecked()
	require.NoError(t, err)
	col, err := group.NextColumn()
	require.NoError(t, err)
	_, err = col.(*file.Int96ColumnChunkWriter).WriteBatch(values, levels, nil)
	require.NoError(t, err)
	require.NoError(t, col.Close())
	require.NoError(t, w.Close())
}

func TestTypesWithAnotherForm(t *testing.T) {
	t.Parallel()
	wide := writeArrow(t, &arrow.Decimal256Type{Precision: 50, Scale: 2}, func(b array.Builder) {
		require.NoError(t, b.AppendValueFromString("-123456789012345678901234567890123456789012345678.90"))
		b.AppendNull()
	}, nil)
	typ, values := column(t, wide, "c")
	require.Equal(t, arrow.BinaryTypes.String, typ)
	require.Equal(t, []string{"-123456789012345678901234567890123456789012345678.90", "(null)"}, values)
	require.Contains(t, notes(t, wide)[0], "has more than 38 digits, carried as text")

	half := writeArrow(t, arrow.FixedWidthTypes.Float16, func(b array.Builder) {
		b.(*array.Float16Builder).Append(float16.New(1.5))
		b.AppendNull()
		b.(*array.Float16Builder).Append(float16.New(float32(math.Inf(1))))
	}, nil)
	typ, values = column(t, half, "c")
	require.Equal(t, arrow.PrimitiveTypes.Float32, typ)
	require.Equal(t, []string{"1.5", "(null)", "+Inf"}, values)

	none := writeArrow(t, arrow.Null, func(b array.Builder) { b.AppendNulls(2) }, nil)
	typ, values = column(t, none, "c")
	require.Equal(t, arrow.BinaryTypes.String, typ)
	require.Equal(t, []string{"(null)", "(null)"}, values)
}

// TestTheArrowSchemaBesideTheTypesIsIgnored: dictionaries and large texts are
// ways of Arrow, not types of the file.
func TestTheArrowSchemaBesideTheTypesIsIgnored(t *testing.T) {
	t.Parallel()
	for _, typ := range []arrow.DataType{
		arrow.BinaryTypes.LargeString,
		&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String},
	} {
		path := writeArrow(t, typ, func(b array.Builder) {
			require.NoError(t, b.AppendValueFromString("x"))
			b.AppendNull()
			require.NoError(t, b.AppendValueFromString("y"))
		}, nil, pqarrow.WithStoreSchema())
		got, values := column(t, path, "c")
		require.Equal(t, arrow.BinaryTypes.String, got)
		require.Equal(t, []string{"x", "(null)", "y"}, values)
	}
}

func TestTextThatIsNone(t *testing.T) {
	t.Parallel()
	path := writeArrow(t, arrow.BinaryTypes.String, func(b array.Builder) {
		b.(*array.StringBuilder).Append("fine")
		b.(*array.StringBuilder).Append("caf\xe9")
	}, nil)
	_, err := read(t, open(t, path), source.Scan{Columns: []string{"c"}})
	require.ErrorContains(t, err, `row group 0, column "c": the value "caf\xe9" claims to be text and is not UTF-8`)
	require.True(t, recon.IsInput(err))
}

// TestColumnsThatCannotBeRead are described, and refused only when wanted.
func TestColumnsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := arrow.NewSchema([]arrow.Field{
		{Name: "ok", Type: arrow.PrimitiveTypes.Int64},
		{Name: "odd", Type: arrow.ListOf(&arrow.Decimal256Type{Precision: 60, Scale: 0}), Nullable: true},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	defer b.Release()
	b.Field(0).(*array.Int64Builder).Append(7)
	b.Field(1).AppendNull()
	rec := b.NewRecordBatch()
	defer rec.Release()
	path := filepath.Join(t.TempDir(), "t.parquet")
	write(t, path, 10, rec)

	require.Equal(t, `column "odd": cannot be read: decimals of 60 digits inside of a nested type have no form here`, notes(t, path)[0])
	_, values := column(t, path, "ok")
	require.Equal(t, []string{"7"}, values)
	_, err := read(t, open(t, path), source.Scan{Columns: []string{"odd"}})
	require.ErrorContains(t, err, `column "odd" cannot be read`)
	require.True(t, recon.IsInput(err))
}

func TestNamesThatAreThereTwice(t *testing.T) {
	t.Parallel()
	int64s := arrow.PrimitiveTypes.Int64
	s := arrow.NewSchema([]arrow.Field{{Name: "id", Type: int64s}, {Name: "ID", Type: int64s}, {Name: "id_1", Type: int64s}, {Name: "Id", Type: int64s}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	defer b.Release()
	for i := range 4 {
		b.Field(i).(*array.Int64Builder).Append(int64(i))
	}
	rec := b.NewRecordBatch()
	defer rec.Release()
	path := filepath.Join(t.TempDir(), "t.parquet")
	write(t, path, 10, rec)
	d, err := open(t, path).Describe(context.Background())
	require.NoError(t, err)
	var names []string
	for i, f := range d.Schema.Fields() {
		names = append(names, f.Name)
		_, values := column(t, path, f.Name)
		require.Equal(t, []string{string(rune('0' + i))}, values)
	}
	require.Equal(t, []string{"id", "ID_2", "id_1", "Id_3"}, names)
	require.Equal(t, []string{
		`column 2: the name "ID" is there twice, this one is called "ID_2"`,
		`column 4: the name "Id" is there twice, this one is called "Id_3"`,
	}, d.Notes[:2])
}
