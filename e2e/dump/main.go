// Command dump prints a Parquet file as CSV with a header line, every value as
// text: dump FILE [COLUMN...]. It reads with DuckDB's own Parquet reader, so that
// clients without a Parquet library can check evidence that something else has
// written. A null is an empty field, an empty text is "".
//
// It must not know whose file it is.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: dump FILE [COLUMN...]")
		os.Exit(2)
	}
	if err := dump(context.Background(), os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "dump: %v\n", err)
		os.Exit(1)
	}
}

func dump(ctx context.Context, path string, columns []string) (err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	list := "*"
	if len(columns) > 0 {
		quoted := make([]string, len(columns))
		for i, c := range columns {
			quoted[i] = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		list = strings.Join(quoted, ", ")
	}
	query := fmt.Sprintf("SELECT COLUMNS(*)::VARCHAR FROM (SELECT %s FROM read_parquet('%s'))", list, strings.ReplaceAll(path, "'", "''"))
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := bufio.NewWriter(os.Stdout)
	defer func() { err = errors.Join(err, out.Flush()) }()
	return printRows(rows, out)
}

func printRows(rows *sql.Rows, out *bufio.Writer) error {
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	line := make([]*string, len(names))
	targets := make([]any, len(names))
	for i := range names {
		line[i], targets[i] = &names[i], &line[i]
	}
	printLine(line, out)
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		printLine(line, out)
	}
	return rows.Err()
}

// printLine prints one record. Write errors stay in the writer until it is
// flushed.
func printLine(line []*string, out *bufio.Writer) {
	for i, value := range line {
		if i > 0 {
			_ = out.WriteByte(',')
		}
		switch {
		case value == nil:
		case *value == "" || strings.ContainsAny(*value, "\",\r\n"):
			_, _ = out.WriteString(`"` + strings.ReplaceAll(*value, `"`, `""`) + `"`)
		default:
			_, _ = out.WriteString(*value)
		}
	}
	_ = out.WriteByte('\n')
}
