package csv_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source/csv"
)

func TestInference(t *testing.T) {
	t.Parallel()
	for values, want := range map[string]string{
		"1 2 -3 0":                          "int64",
		"9223372036854775807":               "int64",
		"-9223372036854775808":              "int64",
		"9223372036854775808":               "decimal(38, 0)",
		strings.Repeat("9", 38):             "decimal(38, 0)",
		strings.Repeat("9", 39):             "utf8",
		"1 007":                             "utf8",
		"00":                                "utf8",
		"1 +2":                              "utf8",
		"-0 1":                              "utf8",
		"1 1e5":                             "utf8",
		"1.5 1e-5":                          "utf8",
		"1,000.50":                          "utf8",
		"NaN 1":                             "utf8",
		"1.5 02.50":                         "utf8",
		".5 1.5":                            "utf8",
		"5. 1.5":                            "utf8",
		"12.50 100.00 -0.01":                "decimal(18, 2)",
		"1 2.5":                             "decimal(18, 1)",
		"123.5 17.25":                       "decimal(18, 2)",
		"1234567890123.45":                  "decimal(18, 2)",
		"12345678901234.45":                 "decimal(38, 2)",
		"0.12345678901234567890":            "decimal(38, 20)",
		"1.9 1.10 2.0":                      "utf8",
		"119.9 11.10 2.0":                   "decimal(18, 2)",
		"2024-01-31 2000-02-29":             "date32",
		"2024-01-31 2023-02-29":             "utf8",
		"2024-1-31":                         "utf8",
		"0000-01-01":                        "utf8",
		"2024-01-31T10:00:00":               "timestamp[us]",
		"2024-01-31T10:00:00.123456":        "timestamp[us]",
		"2024-01-31T10:00:00.1234567":       "utf8",
		"2024-01-31T24:00:00":               "utf8",
		"2024-01-31T10:00:00Z":              "timestamp[us, tz=UTC]",
		"2024-01-31T10:00:00+05:30":         "timestamp[us, tz=UTC]",
		"2024-01-31T10:00:00Z 2024-01-31T1": "utf8",
		"2024-01-31 2024-01-31T10:00:00":    "utf8",
		"10:00:00":                          "utf8",
		"true false":                        "bool",
		"true FALSE":                        "utf8",
		"True":                              "utf8",
		"x":                                 "utf8",
	} {
		content := "v,w\n"
		for _, v := range strings.Fields(values) {
			content += `"` + v + `",x` + "\n,x\n"
		}
		got := mustRead(t, content, "header=true")
		require.Equal(t, want, got.types[0], values)
		require.Equal(t, null, got.rows[1][0], values)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, typ, want string }{
		{"9223372036854775807", "", "9223372036854775807"},
		{"-9223372036854775808", "", "-9223372036854775808"},
		{"12345678901234567890123456789.123456789", "", "12345678901234567890123456789.123456789"},
		{"-99999999999999999999999999999999999999", "", "-99999999999999999999999999999999999999"},
		{"-0.05", "", "-0.05"},
		{"0001-01-01", "", "0001-01-01"},
		{"1969-12-31", "", "1969-12-31"},
		{"9999-12-31", "", "9999-12-31"},
		{"1900-03-01", "", "1900-03-01"},
		{"0001-01-01T00:00:00.000001", "", "0001-01-01 00:00:00.000001"},
		{"2024-02-29 23:59:59.5", "", "2024-02-29 23:59:59.5"},
		{"2024-01-01T00:30:00+05:30", "", "2023-12-31 19:00:00Z"},
		{"2024-01-01 00:30:00-0530", "", "2024-01-01 06:00:00Z"},
		{"2024-01-01 00:30:00+02", "", "2023-12-31 22:30:00Z"},
		{"007", "integer", "7"},
		{"+7", "bigint", "7"},
		{"1.5000", "decimal(18,2)", "1.50"},
		{".5", "numeric(10,3)", "0.500"},
		{"0012.", "decimal(10,0)", "12"},
		{"1e3", "double", "1000"},
		{"0.1", "double", "0.1"},
		{"TRUE", "boolean", "true"},
		{"0012", "text", "0012"},
		{"0012", "string", "0012"},
	} {
		params := "header=true"
		if c.typ != "" {
			params += "&types=v:" + c.typ
		}
		got := mustRead(t, "v,w\n"+c.value+",x\n", params)
		require.Equal(t, c.want, got.rows[0][0], "%s as %s", c.value, c.typ)
	}
}

// TestMisfits looks for the one value that a sample did not show, or that is
// none of the type that was asked for.
func TestMisfits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rows, value, params, hint string }{
		{"1", "1.25", "", "types=v:decimal(18,2)"},
		{"1", "007", "", "types=v:text"},
		{"1", "9223372036854775808", "", "types=v:decimal(38,0)"},
		{"1.25", "1.234", "", "types=v:decimal(38,3)"},
		{"1.25", "12345678901234567.5", "", "types=v:decimal(38,2)"},
		{"1.25", "1.5e3", "", "types=v:text"},
		{"1.25", " 1.5", "", "types=v:text"},
		{"1.25", "1.234", "&types=v:decimal(18,2)", "types=v:decimal(38,3)"},
		{"1", "1.0", "&types=v:integer", "types=v:decimal(18,1)"},
		{"2024-01-31", "2024-02-30", "", "types=v:text"},
		{"2024-01-31", "31.01.2024", "", "types=v:text"},
		{"true", "TRUE", "", "types=v:text"},
		{"2024-01-31T10:00:00", "2024-01-31T10:00:00Z", "", "types=v:text"},
		{"1", "0x1p4", "&types=v:double", "types=v:text"},
		{"1", "1e999", "&types=v:double", "types=v:text"},
		{"2024-01-31T10:00:00", "2024-01-31T10:00:00", "&types=v:timestamptz", "types=v:text"},
	} {
		row := "\"two\nlines\"," + c.rows + "\n"
		content := "text,v\r\n" + strings.Repeat(row, 400) + "z," + c.value + "\n" + strings.Repeat(row, 400)
		for _, want := range []int{1, 4, 50} {
			cfg := csv.Config{WholeBytes: 256, MinPartitionBytes: 1, BlockBytes: 100}
			_, err := readText(t, content, "header=true"+c.params, cfg, want)
			require.True(t, recon.IsInput(err), "%v", err)
			if strings.Contains(c.params, "timestamptz") {
				require.ErrorContains(t, err, `column "v"`)
				continue
			}
			require.ErrorContains(t, err, fmt.Sprintf("f.csv, line 802: column \"v\": the value %q", c.value))
			require.ErrorContains(t, err, "put "+c.hint+" into the address")
		}
	}
}

func TestHintQuotesNames(t *testing.T) {
	t.Parallel()
	content := "\"a,b\"\"c\",d\n" + strings.Repeat("1,x\n", 200) + "z,x\n" + strings.Repeat("1,x\n", 200)
	_, err := readText(t, content, "", csv.Config{WholeBytes: 128}, 1)
	require.ErrorContains(t, err, `types="a,b""c":text`)
	got := mustRead(t, content, `types="a,b""c":text`)
	require.Equal(t, "utf8", got.types[0])
	require.Len(t, got.rows, 401)
}

func TestLongValueIsCut(t *testing.T) {
	t.Parallel()
	_, err := readText(t, "a,b\n1,"+strings.Repeat("é", 400)+"\n", "types=b:integer", csv.Config{}, 1)
	require.ErrorContains(t, err, "... (800 bytes)")
	require.Less(t, len(err.Error()), 400)
}
