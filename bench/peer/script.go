package peer

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Variant is how the script holds the sources.
type Variant string

const (
	// Tables loads each file into a table, all columns of it.
	Tables Variant = "tables"
	// Columns loads each file into a table of the columns that the query needs.
	Columns Variant = "columns"
	// Views reads the files anew in each statement.
	Views Variant = "views"
)

// Side is one of the two sources.
type Side struct {
	// Alias is the table name that the query uses.
	Alias string
	// Path of the file, ending in .csv or .parquet.
	Path string
	// Columns are a CSV file's columns with their SQL types, in order.
	Columns []Column
	// Key is the column that identifies a row, in the source and in the
	// query's result.
	Key string
	// Needed are the columns that the query reads, the key among them.
	Needed []string
	// Where keeps the rows that are part of the data set; empty keeps all.
	Where string
}

// Column is a column's name and SQL type.
type Column struct{ Name, Type string }

// Job is what the script has to do.
type Job struct {
	Variant     Variant
	Left, Right Side
	// MatchSQL is the query, with both keys in its select list.
	MatchSQL string
	// Dir is the folder that the three files go into.
	Dir string
}

// The files that the script writes, named like kallad's.
const (
	MatchedFile        = "matched.parquet"
	UnmatchedLeftFile  = "unmatched_left.parquet"
	UnmatchedRightFile = "unmatched_right.parquet"
)

// Script returns the statements, in order. The last three write the evidence:
// the columns of kallad's files, in kallad's order.
func (j Job) Script() []string {
	return []string{
		"CREATE MACRO tolerance_match(a, b, t) AS abs(a - b) <= t",
		j.source(j.Left),
		j.source(j.Right),
		"CREATE TABLE matches AS " + j.MatchSQL,
		j.matched(),
		j.unmatched(j.Left, UnmatchedLeftFile),
		j.unmatched(j.Right, UnmatchedRightFile),
	}
}

func (j Job) source(s Side) string {
	switch j.Variant {
	case Columns:
		return fmt.Sprintf("CREATE TABLE %s AS SELECT %s FROM %s", s.Alias, strings.Join(s.Needed, ", "), s.scan())
	case Views:
		return fmt.Sprintf("CREATE VIEW %s AS SELECT * FROM %s", s.Alias, s.scan())
	}
	return fmt.Sprintf("CREATE TABLE %s AS SELECT * FROM %s", s.Alias, s.scan())
}

func (s Side) scan() string {
	if s.Where != "" {
		return s.file() + " WHERE " + s.Where
	}
	return s.file()
}

// file names every column's type, because DuckDB on its own would make the
// amounts floating-point numbers and lose matches.
func (s Side) file() string {
	if strings.HasSuffix(s.Path, ".parquet") {
		return "read_parquet(" + literal(s.Path) + ")"
	}
	types := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		types[i] = literal(c.Name) + ": " + literal(c.Type)
	}
	return fmt.Sprintf(`read_csv(%s, header = true, delim = ',', quote = '"', escape = '"', columns = {%s})`, literal(s.Path), strings.Join(types, ", "))
}

func (j Job) matched() string {
	return fmt.Sprintf(`COPY (SELECT uuid()::VARCHAR AS match_id, %s AS left_key, %s AS right_key, 'match_sql' AS rule_name,
		1.0::DOUBLE AS confidence, now() AS matched_at, * FROM matches) TO %s (FORMAT parquet)`,
		j.Left.Key, j.Right.Key, literal(filepath.Join(j.Dir, MatchedFile)))
}

func (j Job) unmatched(s Side, file string) string {
	return fmt.Sprintf(`COPY (SELECT %[2]s AS record_key, 'match_sql' AS attempted_rules, NULL::VARCHAR AS closest_candidate,
		'no match' AS rejection_reason, %[3]s FROM %[1]s s WHERE NOT EXISTS (SELECT 1 FROM matches m WHERE m.%[2]s = s.%[2]s)) TO %[4]s (FORMAT parquet)`,
		s.Alias, s.Key, strings.Join(s.Needed, ", "), literal(filepath.Join(j.Dir, file)))
}

// literal is a text as SQL writes it.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
