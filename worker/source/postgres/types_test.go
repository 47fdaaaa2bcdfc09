package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// typeCases are declared types, the Arrow types that carry them, and values in
// SQL with their text as Arrow writes it.
var typeCases = []struct {
	decl, arrow string
	values      [][2]string
}{
	{"boolean", "bool", [][2]string{{"true", "true"}, {"false", "false"}}},
	{"smallint", "int16", [][2]string{{"-32768", "-32768"}, {"32767", "32767"}}},
	{"integer", "int32", [][2]string{{"-2147483648", "-2147483648"}, {"2147483647", "2147483647"}}},
	{"bigint", "int64", [][2]string{{"-9223372036854775808", "-9223372036854775808"}, {"9223372036854775807", "9223372036854775807"}}},
	{"oid", "uint32", [][2]string{{"4294967295", "4294967295"}, {"0", "0"}}},
	{"real", "float32", [][2]string{{"1.5", "1.5"}, {"'NaN'", "NaN"}, {"'-Infinity'", "-Inf"}, {"'-0'", "-0"}, {"1e-45", "1e-45"}}},
	{"double precision", "float64", [][2]string{{"0.1", "0.1"}, {"'NaN'", "NaN"}, {"'Infinity'", "+Inf"}, {"'-0'", "-0"}, {"5e-324", "5e-324"}}},
	{"numeric(10,2)", "decimal(10, 2)", [][2]string{{"0", "0.00"}, {"0.01", "0.01"}, {"-0.10", "-0.10"}, {"99999999.99", "99999999.99"}, {"-99999999.99", "-99999999.99"}, {"12345", "12345.00"}}},
	{"numeric(38,0)", "decimal(38, 0)", [][2]string{{nines(38), nines(38)}, {"-" + nines(38), "-" + nines(38)}, {"10000000000000000000000000000000000000", "10000000000000000000000000000000000000"}}},
	{"numeric(38,38)", "decimal(38, 38)", [][2]string{{"0." + nines(38), "0." + nines(38)}, {"1e-38", "0." + zeros(37) + "1"}, {"-0.5", "-0.5" + zeros(37)}}},
	{"numeric(38,19)", "decimal(38, 19)", [][2]string{{nines(19) + "." + nines(19), nines(19) + "." + nines(19)}, {"1", "1." + zeros(19)}, {"10000", "10000." + zeros(19)}, {"0.0001", "0.0001" + zeros(15)}}},
	{"numeric(3,5)", "decimal(5, 5)", [][2]string{{"0.00999", "0.00999"}, {"-0.00001", "-0.00001"}}},
	{"numeric(5,-3)", "decimal(8, 0)", [][2]string{{"99999000", "99999000"}, {"-1499", "-1000"}}},
	{"date", "date32", [][2]string{
		{"'2024-02-29'", "19782"}, {"'1970-01-01'", "0"}, {"'0001-01-01'", "-719162"}, {"'9999-12-31'", "2932896"},
		{"'4714-11-24 BC'", "-2440588"}, {"'5874897-12-31'", "2145042905"},
		{"'infinity'", "2147483647"}, {"'-infinity'", "-2147483647"}}},
	{"time", "time64[us]", [][2]string{{"'00:00'", "00:00:00.000000"}, {"'23:59:59.999999'", "23:59:59.999999"}}},
	{"timestamp", "timestamp[us]", [][2]string{
		{"'2024-02-29 12:34:56.789012'", "1709210096789012"}, {"'1969-12-31 23:59:59.999999'", "-1"},
		{"'4714-11-24 00:00:00 BC'", "-210866803200000000"}, {"'294247-01-10 04:00:54.775806'", "9223372036854775806"},
		{"'infinity'", "9223372036854775807"}, {"'-infinity'", "-9223372036854775807"}}},
	{"timestamptz", "timestamp[us, tz=UTC]", [][2]string{{"'2024-02-29 12:00:00+02'", "1709200800000000"}, {"'infinity'", "9223372036854775807"}}},
	{"uuid", "extension<arrow.uuid>", [][2]string{{"'F47AC10B-58CC-4372-A567-0E02B2C3D479'", "f47ac10b-58cc-4372-a567-0e02b2c3d479"}}},
	{"text", "utf8", [][2]string{{"''", ""}, {"'日本 🙂'", "日本 🙂"}, {"E'a\\nb'", "a\nb"}}},
	{"varchar(3)", "utf8", [][2]string{{"'ab'", "ab"}}},
	{"char(4)", "utf8", [][2]string{{"'ab'", "ab  "}, {"'日'", "日   "}}},
	{"name", "utf8", [][2]string{{"'n'", "n"}}},
	{"bytea", "binary", [][2]string{{`'\x00ff'`, "AP8="}, {"''", ""}}},
	{"json", "utf8", [][2]string{{`'{"b" : 1,  "a":2}'`, `{"b" : 1,  "a":2}`}}},
	{"jsonb", "utf8", [][2]string{{`'{"b" : 1,  "a":2}'`, `{"a": 2, "b": 1}`}}},
	{"mood", "utf8", [][2]string{{"'so so'", "so so"}}},
	{"positive", "int32", [][2]string{{"7", "7"}}},
	{"price", "decimal(12, 3)", [][2]string{{"1.5", "1.500"}}},
	{"interval", "month_day_nano_interval", [][2]string{{"'1 year 2 mons -3 days 04:05:06.789'", `{"months":14,"days":-3,"nanoseconds":14706789000000}`}}},
	{"integer[]", "list<item: int32, nullable>", [][2]string{{"'{1,NULL,3}'", "[1,null,3]"}, {"'{}'", "[]"}}},
	{"numeric(6,2)[]", "list<item: decimal(6, 2), nullable>", [][2]string{{"'{1.50,-2}'", `["1.5","-2"]`}}},
	{"text[]", "list<item: utf8, nullable>", [][2]string{{`'{"a,b","",NULL}'`, `["a,b","",null]`}}},
	{"mood[]", "list<item: utf8, nullable>", [][2]string{{"'{happy}'", `["happy"]`}}},
	{"date[]", "list<item: date32, nullable>", [][2]string{{"'{2024-01-31}'", `["2024-01-31"]`}}},
	// Everything below is carried as the server's own text.
	{"timetz", "utf8", [][2]string{{"'12:00:00+02'", "12:00:00+02"}}},
	{`"char"`, "utf8", [][2]string{{"'x'", "x"}}},
	{"money", "utf8", [][2]string{{"12.5", "$12.50"}}},
	{"inet", "utf8", [][2]string{{"'10.0.0.1/8'", "10.0.0.1/8"}}},
	{"cidr", "utf8", [][2]string{{"'10.0.0.0/8'", "10.0.0.0/8"}}},
	{"macaddr", "utf8", [][2]string{{"'08:00:2b:01:02:03'", "08:00:2b:01:02:03"}}},
	{"int4range", "utf8", [][2]string{{"'[1,5]'", "[1,6)"}, {"'empty'", "empty"}}},
	{"tstzrange", "utf8", [][2]string{{"'[2024-01-01 00:00+02,)'", `["2023-12-31 22:00:00+00",)`}}},
	{"bit(3)", "utf8", [][2]string{{"B'101'", "101"}}},
	{"point", "utf8", [][2]string{{"'(1,2.5)'", "(1,2.5)"}}},
	{"tsvector", "utf8", [][2]string{{"'a b'", "'a' 'b'"}}},
	{"xml", "utf8", [][2]string{{"'<a/>'", "<a/>"}}},
	{"pair", "utf8", [][2]string{{"ROW(1,'x y')", `(1,"x y")`}}},
	{"int2vector", "utf8", [][2]string{{"'1 2'", "1 2"}}},
	{"numeric[]", "utf8", [][2]string{{"'{1.50,NaN}'", "{1.50,NaN}"}}},
	{"positive[]", "utf8", [][2]string{{"'{1,2}'", "{1,2}"}}},
}

func nines(n int) string { return strings.Repeat("9", n) }
func zeros(n int) string { return strings.Repeat("0", n) }

const typeSetup = `
	CREATE TYPE mood AS ENUM ('happy', 'so so');
	CREATE DOMAIN positive AS int CHECK (value > 0);
	CREATE DOMAIN cents AS numeric(12,3);
	CREATE DOMAIN price AS cents CHECK (value > 0);
	CREATE TYPE pair AS (a int, b text);`

// TestTypes has one column per type; a first row of nulls and then one row per
// value.
func TestTypes(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, typeSetup)
	for i, c := range typeCases {
		t.Run(c.decl, func(t *testing.T) {
			t.Parallel()
			name := fmt.Sprintf("t%d", i)
			db.Exec(t, fmt.Sprintf("CREATE TABLE %s (v %s); INSERT INTO %s VALUES (NULL)", name, c.decl, name))
			want := []string{"(null)"}
			for _, v := range c.values {
				db.Exec(t, fmt.Sprintf("INSERT INTO %s VALUES (%s)", name, v[0]))
				want = append(want, v[1])
			}
			uri := db.URL("table=" + name)
			require.Equal(t, []string{"v " + c.arrow}, types(describe(t, open(t, uri))))
			require.Equal(t, want, readAll(t, uri))
		})
	}
}
