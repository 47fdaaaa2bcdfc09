package filter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source/filter"
	"kallad/worker/source/postgres/pgtest"
)

var server = pgtest.New()

func TestMain(m *testing.M) { os.Exit(server.Run(m)) }

// twin is one column as Postgres and as Arrow have it, and where its values
// and operands come from.
type twin struct {
	name, sql string
	// operand is the type that an operand is cast to in SQL.
	operand string
	arrow   arrow.DataType
	value   func(r *rand.Rand) string
	probe   func(r *rand.Rand) string
	numeric bool
}

func pick(values ...string) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return values[r.IntN(len(values))] }
}

func twins() []twin {
	cents := func(r *rand.Rand) string {
		n := r.IntN(41) - 20
		return fmt.Sprintf("%s%d.%02d", map[bool]string{true: "-"}[n < 0], abs(n)/10, abs(n)%10*7)
	}
	finer := func(r *rand.Rand) string { return cents(r) + pick("", "", "0", "5", "001")(r) }
	texts := pick("", "a", "A", "b", "ab", "a%b", `a\b`, "a_b", "ä", "äb", "日本", "z\nz", " a", "a ")
	days := pick("1969-12-31", "1970-01-01", "2024-02-29", "2024-03-01", "0001-01-01", "9999-12-31")
	moments := pick("2024-02-29 00:00:00", "2024-02-29 10:00:00.000001", "2024-02-29 10:00:00.00001", "1969-12-31 23:59:59.999999", "0001-01-01 00:00:00")
	uuids := pick("00000000-0000-0000-0000-000000000001", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "F47AC10B-58cc-4372-a567-0e02b2c3d47a")
	doubles := pick("0", "-0.0", "0.1", "0.5", "1e300", "-1e-300", "NaN", "Infinity", "-Infinity", "0.30000000000000004", "0.3")
	return []twin{
		{"big", "bigint", "numeric", arrow.PrimitiveTypes.Int64, pick("-9223372036854775808", "9223372036854775807", "0", "1", "-1", "5"),
			pick("9223372036854775807", "9223372036854775808", "-9223372036854775809", "0", "0.5", "-0.5", "1.0", "1e1", "5"), true},
		{"small", "smallint", "numeric", arrow.PrimitiveTypes.Int16, pick("-2", "-1", "0", "1", "2"), pick("-1.5", "-1", "0", "1.5", "40000"), true},
		{"cents", "numeric(18,2)", "numeric", dec(18, 2), cents, finer, true},
		{"wide", "numeric(60,5)", "numeric", dec256(60, 5), finer, finer, true},
		{"double", "float8", "float8", arrow.PrimitiveTypes.Float64, doubles, doubles, true},
		{"single", "float4", "float8", arrow.PrimitiveTypes.Float32, pick("0", "0.1", "0.5", "NaN", "Infinity", "-1.5"), pick("0.1", "0.5", "0.10000000149011612", "NaN", "-2"), true},
		{"body", `text COLLATE "C"`, "text", arrow.BinaryTypes.String, texts, texts, false},
		{"day", "date", "date", arrow.FixedWidthTypes.Date32, days, days, false},
		{"moment", "timestamp", "timestamp", &arrow.TimestampType{Unit: arrow.Microsecond}, moments, moments, false},
		{"zoned", "timestamptz", "timestamptz", &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"},
			func(r *rand.Rand) string { return moments(r) + "Z" },
			func(r *rand.Rand) string { return moments(r) + pick("", "Z", "+02", "-05:30", "+0100")(r) }, false},
		{"clock", "time", "time", arrow.FixedWidthTypes.Time64us, pick("00:00:00", "10:00:00.5", "23:59:59.999999"), pick("00:00:00", "10:00", "10:00:00.500001"), false},
		{"ref", "uuid", "uuid", extensions.NewUUIDType(), uuids, uuids, false},
		{"flag", "boolean", "boolean", arrow.FixedWidthTypes.Boolean, pick("true", "false"), pick("true", "false"), true},
	}
}

func abs(n int) int { return max(n, -n) }

// Each filter keeps the rows that Postgres keeps.
func TestPostgresAgrees(t *testing.T) {
	t.Parallel()
	const rows, filters = 60, 4000
	random := rand.New(rand.NewPCG(3, 9))
	conn := server.Database(t).Conn(t)
	columns := twins()
	rec := sameRows(t, conn, columns, random, rows)
	defer rec.Release()
	kept := 0
	for range filters {
		c := columns[random.IntN(len(columns))]
		where, condition := sameFilter(random, c)
		var want string
		err := conn.QueryRow(context.Background(), `SELECT string_agg(CASE WHEN `+where+` THEN '1' ELSE '0' END, '' ORDER BY id) FROM t`).Scan(&want)
		require.NoError(t, err, where)
		p, err := filter.Compile(rec.Schema(), []recon.FilterCondition{condition})
		require.NoError(t, err, "%s %s", c.name, condition.Value)
		require.Equal(t, want, keepOf(t, p, rec), "%s: %s", where, condition.Value)
		kept += strings.Count(want, "1")
	}
	require.Greater(t, kept, filters)
}

// sameRows fills a table t and a batch with the same rows, some of them null.
func sameRows(t *testing.T, conn *pgx.Conn, columns []twin, random *rand.Rand, rows int) arrow.RecordBatch {
	t.Helper()
	ddl, fields := []string{"id int"}, make([]arrow.Field, len(columns))
	values := make([][]any, len(columns))
	for i, c := range columns {
		ddl = append(ddl, c.name+" "+c.sql)
		fields[i] = arrow.Field{Name: c.name, Type: c.arrow, Nullable: true}
		for range rows {
			if random.IntN(6) == 0 {
				values[i] = append(values[i], nil)
				continue
			}
			values[i] = append(values[i], c.value(random))
		}
	}
	ctx := context.Background()
	_, err := conn.Exec(ctx, "SET TIME ZONE 'UTC'")
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "CREATE TABLE t ("+strings.Join(ddl, ", ")+")")
	require.NoError(t, err)
	for r := range rows {
		row := []string{fmt.Sprint(r)}
		for i := range columns {
			row = append(row, literal(values[i][r]))
		}
		_, err := conn.Exec(ctx, "INSERT INTO t VALUES ("+strings.Join(row, ", ")+")")
		require.NoError(t, err)
	}
	arrays := make([]arrow.Array, len(columns))
	for i, c := range columns {
		arrays[i] = textColumn(t, c.arrow, values[i])
	}
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), arrays, int64(rows))
}

func textColumn(t *testing.T, typ arrow.DataType, values []any) arrow.Array {
	t.Helper()
	b := array.NewBuilder(memory.DefaultAllocator, typ)
	defer b.Release()
	for _, v := range values {
		if v == nil {
			b.AppendNull()
			continue
		}
		require.NoError(t, b.AppendValueFromString(v.(string)))
	}
	return b.NewArray()
}

func literal(v any) string {
	if v == nil {
		return "NULL"
	}
	return "'" + strings.ReplaceAll(v.(string), "'", "''") + "'"
}

// sameFilter makes up a filter on c, in SQL and in JSON.
func sameFilter(random *rand.Rand, c twin) (string, recon.FilterCondition) {
	symbols := map[string]string{"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
	one := func() (sql, js string) {
		v := c.probe(random)
		raw, _ := json.Marshal(v)
		js = string(raw)
		if c.numeric && !strings.ContainsAny(v, "NI") && (c.name == "flag" || random.IntN(3) > 0) {
			js = v
		}
		return literal(v) + "::" + c.operand, js
	}
	column := c.name
	if c.name == "single" {
		column = "single::float8"
	}
	sql, js := one()
	switch k := random.IntN(9); {
	case k == 8 && c.name == "body":
		pattern := pick("a%", "%b", "_", "__", `a\%b`, `a\\b`, `a\_b`, "%", "", "%_b", "ä_", "z_z")(random)
		raw, _ := json.Marshal(pattern)
		return "body LIKE " + literal(pattern), cond(c.name, "like", string(raw))
	case k >= 7:
		sql2, js2 := one()
		return column + " BETWEEN " + sql + " AND " + sql2, cond(c.name, "between", "["+js+","+js2+"]")
	case k == 6:
		sql2, js2 := one()
		return column + " IN (" + sql + ", " + sql2 + ")", cond(c.name, "in", "["+js+","+js2+"]")
	default:
		op := []string{"eq", "neq", "gt", "gte", "lt", "lte"}[k]
		return column + " " + symbols[op] + " " + sql, cond(c.name, op, js)
	}
}
