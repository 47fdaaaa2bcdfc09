package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"kallad/ballista/engine"
)

func TestFunctions(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{Threads: 1})
	for _, c := range []struct{ sql, want string }{
		// The money edge: exactly the tolerance apart.
		{"tolerance_match(100.02::DECIMAL(18,2), 100.00::DECIMAL(18,2), 0.02)", "true"},
		{"tolerance_match(100.03::DECIMAL(18,2), 100.00::DECIMAL(18,2), 0.02)", "false"},
		{"tolerance_match(100.02::DECIMAL(18,2), 100.0000::DECIMAL(12,4), 0.02)", "true"},
		{"tolerance_match(100.0201::DECIMAL(12,4), 100.00::DECIMAL(18,2), 0.02)", "false"},
		{"tolerance_match('100.02', '100.00', 0.02)", "true"},
		{"tolerance_match('100.0200000001', '100.00', 0.02)", "false"},
		{"tolerance_match('100.02', 100.00::DECIMAL(18,2), 0.02)", "true"},
		{"tolerance_match(100.02::DECIMAL(18,2), '100.00'::VARCHAR, 0.02)", "true"},
		{"tolerance_match(100, 98, 2)", "true"},
		{"tolerance_match(100::BIGINT, 97.99::DECIMAL(10,2), 2)", "false"},
		{"tolerance_match(5000.02::DOUBLE, 5000.00::DOUBLE, 0.02)", "false"}, // as IEEE doubles
		{"tolerance_match(1::UINTEGER, 2::UINTEGER, 1)", "true"},
		{"tolerance_match(1::UTINYINT, 3::UBIGINT, 1)", "false"},
		{"tolerance_match(100::TINYINT, (-100)::TINYINT, 200)", "true"},
		{"tolerance_match(9000000000000000000::BIGINT, (-9000000000000000000)::BIGINT, 1)", "false"},
		{"tolerance_match(9007199254740993, 9007199254740992.5, 0.4)", "false"},
		{"tolerance_match(1.00::DECIMAL(18,2), 1.03::DECIMAL(18,2), '0.025')", "false"},
		{"tolerance_match(1, 2, '0.5')", "false"},
		{"tolerance_match('1.00', 1.03, '0.025')", "false"},
		{"tolerance_match('1.00', '1.02', '0.02')", "true"},
		{"tolerance_match(1.00::DECIMAL(38,2), 1.01::DECIMAL(38,2), 0.005)", "false"},
		{"tolerance_match(DATE '2024-01-01', DATE '2024-01-03', 2)", "true"},
		{"tolerance_match(1::UINTEGER, NULL, 1)", "(null)"},
		{"tolerance_match(1, 1, NULL::VARCHAR)", "(null)"},
		{"tolerance_match(NULL, 1, 1)", "(null)"},
		{"tolerance_match(1, NULL, 1)", "(null)"},
		{"tolerance_match(1, 1, NULL)", "(null)"},
		{"tolerance_match(NULL::VARCHAR, '1', 1)", "(null)"},
		{"substring(DATE '2024-03-31', 1, 7)", "2024-03"},
		{"SUBSTRING(CAST('2024-03-31' AS DATE) FROM 1 FOR 7)", "2024-03"},
		{"substr(TIMESTAMP '2024-03-31 10:00:00', 1, 10)", "2024-03-31"},
		{"to_char(DATE '2024-03-31', 'YYYY-MM')", "2024-03"},
		{"CAST(to_date('2024-03-31') AS VARCHAR)", "2024-03-31"},
		{"5 / 2", "2"},
		{"kallad_numeric('0.1234567891')", "0.1234567891"},
		{"kallad_numeric(0.12345678912345::DECIMAL(20,14))", "0.12345678912345"},
		{"kallad_numeric(5) / 2", "2.5"},
		{"kallad_numeric(5::UBIGINT) / 2", "2.5"},
		{"kallad_try_numeric(5::SMALLINT) / 2", "2.5"},
		{"kallad_exact(' -007.50 ')", "-7.5"},
		{"current_setting('TimeZone')", "UTC"},
	} {
		require.Equal(t, [][]string{{c.want}}, texts(t, s, "SELECT "+c.sql), c.sql)
	}
}

func TestInexactTextIsAnError(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{Threads: 1})
	for _, text := range []string{"12,5", "1e5", "", "n/a", "0.12345678901", "12345678901234567890123456789", ".", "1.2.3"} {
		err := s.Exec(t.Context(), "SELECT tolerance_match("+engine.Literal(text)+"::VARCHAR, '1'::VARCHAR, 1)")
		require.ErrorContains(t, err, "is no number of at most 28 digits", text)
		require.Equal(t, engine.KindQuery, engine.KindOf(err), err.Error())
	}
}

func TestErrorsAreForWhoeverWroteTheQuery(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{Threads: 1})
	for sql, want := range map[string]string{
		"SELECT 1e999999999": "larger than any", "SELECT " + strings.Repeat("9", 1000): "larger than any",
		"SELECT " + strings.Repeat("(", 20000):                           "nested too deep",
		"SELECT " + strings.Repeat("-", 1) + strings.Repeat(" -1", 5000): "limit of 1000 exceeded.",
	} {
		_, err := s.Parse(t.Context(), sql)
		require.ErrorContains(t, err, want)
		require.Equal(t, engine.KindQuery, engine.KindOf(err), err.Error())
		require.NotContains(t, err.Error(), "SET ")
	}
	err := s.Exec(t.Context(), "SELECT "+strings.Repeat("é", 100_000))
	require.Error(t, err)
	require.Less(t, len(err.Error()), 5000)
	require.True(t, utf8.ValidString(err.Error()))
}

func TestSandbox(t *testing.T) {
	t.Parallel()
	s := open(t, engine.Config{Threads: 1})
	for _, sql := range []string{
		"SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM '/etc/passwd.csv'",
		"SELECT * FROM glob('/etc/*')", "COPY (SELECT 1) TO '/tmp/kallad-out.csv'", "ATTACH '/tmp/kallad.db'", "INSTALL httpfs", "LOAD httpfs",
		"SET memory_limit = '100GB'", "SET enable_external_access = true", "SET lock_configuration = false", "RESET threads",
		"EXPORT DATABASE '/tmp/kallad-export'",
	} {
		require.Error(t, s.Exec(t.Context(), sql), sql)
	}
}

// TestNothingReadsFiles calls every function that can stand in a FROM clause,
// whatever queries may call, with a file's path wherever it takes text.
func TestNothingReadsFiles(t *testing.T) {
	const canary = "xyzzy-4711-canary"
	dir := t.TempDir()
	path := filepath.Join(dir, "secret.csv")
	require.NoError(t, os.WriteFile(path, []byte("text\n"+canary+"\n"), 0o600))
	t.Chdir(dir)
	s := open(t, engine.Config{Threads: 1})
	functions := texts(t, s, `SELECT DISTINCT function_name, coalesce(array_to_string(parameter_types, ';'), '')
		FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro') ORDER BY ALL`)
	require.Greater(t, len(functions), 60)
	called := 0
	for _, f := range functions {
		if f[0] == "repeat" || f[0] == "repeat_row" {
			continue
		}
		kinds := strings.Split(strings.TrimSuffix(f[1], ";"), ";")
		for n := range len(kinds) + 1 { // what comes after the first ones has names
			args := make([]string, n)
			for i := range args {
				args[i] = "'" + path + "'"
				if strings.HasSuffix(kinds[i], "INT") || kinds[i] == "BOOLEAN" {
					args[i] = "1"
				}
			}
			rows, err := s.Query(t.Context(), fmt.Sprintf("SELECT * FROM %q(%s) LIMIT 100", f[0], strings.Join(args, ", ")))
			if err != nil {
				continue
			}
			for {
				batch, err := rows.Next(t.Context())
				if err != nil {
					break
				}
				called++
				for _, column := range batch.Columns() {
					for i := range column.Len() {
						require.NotContains(t, column.ValueStr(i), canary, f[0])
					}
				}
				batch.Release()
			}
			rows.Close()
		}
	}
	require.Greater(t, called, 10, "some of them answer")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing was written")
}
