package jobtest

import (
	"fmt"
	"strings"
)

// table has the columns id, line, amount, due and note, of which id and
// line are the key, and x, y and z, which nothing but a star reads.
type table struct {
	name string
	rows [][]string
}

const (
	columnTypes = "id:text,line:bigint,amount:decimal(%s),due:date,note:text,x:text,y:decimal(38,2),z:bigint"
	columnKinds = "id VARCHAR, line BIGINT, amount DECIMAL(%s), due DATE, note VARCHAR, x VARCHAR, y DECIMAL(38,2), z BIGINT"
)

func (r table) decimal() string {
	if r.name == "left_src" {
		return "12,2"
	}
	return "18,3"
}

func (r table) csv() string { return r.pieces(1)[0] }

// pieces are the table as so many CSV files.
func (r table) pieces(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "id,line,amount,due,note,x,y,z\n"
	}
	for i, row := range r.rows {
		out[i%n] += strings.Join(row, ",") + "\n"
	}
	return out
}

func (r table) create() []string {
	out := []string{fmt.Sprintf("CREATE TABLE %s("+columnKinds+")", r.name, r.decimal())}
	for _, row := range r.rows {
		values := make([]string, len(row))
		for i, v := range row {
			if values[i] = "'" + v + "'"; v == "" {
				values[i] = "NULL"
			}
		}
		out = append(out, fmt.Sprintf("INSERT INTO %s VALUES (%s)", r.name, strings.Join(values, ", ")))
	}
	return out
}
