package postgres_test

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/stretchr/testify/require"

	"kallad/worker/source"
)

// randomColumn is a column whose values the server makes up, and how psql is
// asked for them.
type randomColumn struct {
	name, decl, expr, ask string
}

// randomColumns use r(), a function of the server's own random numbers; one
// value in eight is null.
var randomColumns = []randomColumn{
	{"big", "bigint", "((r() - 0.5) * 1.8e19)::numeric::bigint", ""},
	{"small", "smallint", "(r() * 65535)::int - 32768", ""},
	{"money", "numeric(20,4)", "round((r()::numeric - 0.5) * 10::numeric ^ (r() * 16)::int, 4)", ""},
	{"precise", "numeric(38,20)", "((r()::numeric - 0.5) * 10::numeric ^ (r() * 17)::int * 1.0000000001234567)::numeric(38,20)", ""},
	{"free", "numeric", "round((r()::numeric - 0.5) * 10::numeric ^ (r() * 12)::int, (r() * 10)::int)", "trim_scale(free)"},
	{"rate", "double precision", "(r() - 0.5) * 10 ^ ((r() - 0.5) * 600)", ""},
	{"word", "text", `(ARRAY['', E'a\tb', E'new\nline', 'back\slash', E'\\N', 'quote"', '日本', '🙂', md5(r()::text), repeat('long ', (r() * 300)::int)])[1 + (r() * 9.99)::int % 10]`, ""},
	{"day", "date", "date '4700-01-01 BC' + (r() * 6000000)::int", ""},
	{"at", "timestamp", "timestamp '4700-01-01 BC' + r() * interval '10000 years'", ""},
	{"zoned", "timestamptz", "timestamptz '1900-01-01' + r() * interval '300 years'", ""},
	{"clock", "time", "time '00:00' + r() * interval '1 day'", ""},
	{"ok", "boolean", "r() < 0.5", ""},
	{"key", "uuid", "md5(r()::text)::uuid", ""},
	{"raw", "bytea", "decode(md5(r()::text), 'hex')", ""},
	{"doc", "jsonb", "jsonb_build_object('a', r(), 'b', md5(r()::text))", ""},
	{"list", "int[]", "CASE WHEN r() < 0.2 THEN '{}' ELSE ARRAY[(r() * 100)::int, NULL, (r() * 1e9)::int] END", ""},
	{"range", "int4range", "int4range((r() * 10)::int, 10 + (r() * 10)::int)", ""},
}

// TestSameAsPsql reads random tables, in partitions and with random
// projections, and wants what psql's COPY writes as text.
func TestSameAsPsql(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 11))
	for round := range 12 {
		columns := append([]randomColumn(nil), randomColumns...)
		random.Shuffle(len(columns), func(i, j int) { columns[i], columns[j] = columns[j], columns[i] })
		columns = columns[:1+random.IntN(len(columns))]
		rows, parts := 1+random.IntN(3000), 1+random.IntN(9)
		seed := random.Float64()
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			sameAsPsql(t, columns, rows, parts, seed)
		})
	}
}

func sameAsPsql(t *testing.T, columns []randomColumn, rows, parts int, seed float64) {
	db := server.Database(t)
	var decls, exprs, asks []string
	scan := source.Scan{BatchRows: 100}
	for _, c := range columns {
		decls = append(decls, c.name+" "+c.decl)
		exprs = append(exprs, "CASE WHEN r() > 0.125 THEN "+c.expr+" END")
		if c.ask == "" {
			c.ask = c.name
		}
		asks = append(asks, c.ask)
		scan.Columns = append(scan.Columns, c.name)
	}
	db.Exec(t, fmt.Sprintf(`CREATE FUNCTION r() RETURNS double precision VOLATILE LANGUAGE sql AS 'SELECT random()';
		CREATE TABLE t (%s); SELECT setseed(%g); INSERT INTO t SELECT %s FROM generate_series(1, %d)`,
		strings.Join(decls, ", "), seed, strings.Join(exprs, ", "), rows))
	text := string(db.Psql(t, "SET timezone = 'UTC'", fmt.Sprintf("COPY (SELECT %s FROM t) TO STDOUT", strings.Join(asks, ", "))))
	want := strings.SplitAfter(text, "\n")
	for i := range want {
		want[i] = normalise(columns, strings.TrimSuffix(want[i], "\n"))
	}

	src := open(t, db.URL("table=t"))
	pages := describe(t, src).MaxPartitions
	var got []string
	for _, p := range split(t, src, scan, min(parts, pages)) {
		err := forEachBatch(src, scan, p, func(batch arrow.RecordBatch) {
			for i := range int(batch.NumRows()) {
				values := make([]string, len(columns))
				for c := range columns {
					values[c] = copyText(columns[c].name, batch.Column(c), i)
				}
				got = append(got, strings.Join(values, "\t"))
			}
		})
		require.NoError(t, err)
	}
	want = want[:len(want)-1]
	sort.Strings(want)
	sort.Strings(got)
	require.Equal(t, want, got)
}

// normalise writes psql's floats as Go does; their digits are the same.
func normalise(columns []randomColumn, line string) string {
	values := strings.Split(line, "\t")
	for i, c := range columns {
		if c.name == "rate" && i < len(values) && values[i] != `\N` {
			f, _ := strconv.ParseFloat(values[i], 64)
			values[i] = strconv.FormatFloat(f, 'g', -1, 64)
		}
	}
	return strings.Join(values, "\t")
}

// copyText writes a value as COPY does.
func copyText(name string, column arrow.Array, i int) string {
	if column.IsNull(i) {
		return `\N`
	}
	switch c := column.(type) {
	case *array.Decimal128:
		text := c.Value(i).ToString(c.DataType().(*arrow.Decimal128Type).Scale)
		if name == "free" && strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		return text
	case *array.Float64:
		return strconv.FormatFloat(c.Value(i), 'g', -1, 64)
	case *array.Boolean:
		return map[bool]string{true: "t", false: "f"}[c.Value(i)]
	case *array.Binary:
		return `\\x` + hex.EncodeToString(c.Value(i))
	case *array.Date32:
		return era(time.Unix(int64(c.Value(i))*86400, 0).UTC(), "2006-01-02", "")
	case *array.Timestamp:
		zone := ""
		if c.DataType().(*arrow.TimestampType).TimeZone != "" {
			zone = "+00"
		}
		return era(time.UnixMicro(int64(c.Value(i))).UTC(), "2006-01-02 15:04:05.999999", zone)
	case *array.Time64:
		return time.UnixMicro(int64(c.Value(i))).UTC().Format("15:04:05.999999")
	case *array.List:
		text := c.ValueStr(i)
		return strings.NewReplacer("[", "{", "]", "}", "null", "NULL").Replace(text)
	}
	return strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`).Replace(column.ValueStr(i))
}

// era writes years before 1 as the server does.
func era(at time.Time, layout, zone string) string {
	if at.Year() > 0 {
		return at.Format(layout) + zone
	}
	// 1 BC is Go's year 0. A year of the same length keeps the calendar.
	year := 1 - at.Year()
	text := time.Date(at.Year()+8000, at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC).Format(layout)
	return fmt.Sprintf("%04d", year) + text[4:] + zone + " BC"
}
