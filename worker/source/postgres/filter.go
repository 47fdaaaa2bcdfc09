package postgres

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"kallad/worker/recon"
	"kallad/worker/source/filter"
)

// A filter means what package filter says, which also checks it. Here it
// becomes SQL that the server answers in the same way: numbers as numeric,
// floats as float8, texts by the collation "C", which compares their bytes.
// Two things are the server's:
//
//   - A column is compared by its type in the database, also when it is
//     carried as text; types that have no other form than text, by that.
//   - char(n) is compared without its padding.
//
// Values travel as parameters; no text of a caller becomes part of the SQL.

// conditions returns the SQL of all filters and their parameters as texts.
// Parameters are numbered from 1. Every filter's column is among columns.
func conditions(filters []recon.FilterCondition, columns []column) (sql, params []string, err error) {
	if _, err := filter.Compile(filterSchema(columns), filters); err != nil {
		return nil, nil, err
	}
	for i, f := range filters {
		c := condition{params: params}
		text, err := c.build(f, columnNamed(columns, f.Column))
		if err != nil {
			return nil, nil, recon.Input(fmt.Errorf("filters[%d].value: %w", i, err))
		}
		sql, params = append(sql, text), c.params
	}
	return sql, params, nil
}

// filterSchema is how the columns look to package filter.
func filterSchema(columns []column) *arrow.Schema {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		t := c.Compare
		if t.Kind == kindNumeric {
			t = columnType{Kind: kindDecimal, Precision: maxPrecision}
		}
		fields[i] = arrow.Field{Name: c.Name, Type: t.arrowType()}
	}
	return arrow.NewSchema(fields, nil)
}

func columnNamed(columns []column, name string) *column {
	for i := range columns {
		if columns[i].Name == name {
			return &columns[i]
		}
	}
	return nil
}

var comparisons = map[recon.Operator]string{
	recon.OpEq: "=", recon.OpNeq: "<>", recon.OpGt: ">", recon.OpGte: ">=", recon.OpLt: "<", recon.OpLte: "<=",
	recon.OpLike: "LIKE",
}

// condition builds the SQL of one filter.
type condition struct {
	params []string
}

func (c *condition) build(f recon.FilterCondition, col *column) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(f.Value))
	decoder.UseNumber()
	var operand any
	if err := decoder.Decode(&operand); err != nil {
		return "", err
	}
	operands, isList := operand.([]any)
	if !isList {
		operands = []any{operand}
	}
	texts := make([]string, len(operands))
	for i, o := range operands {
		var err error
		if texts[i], err = operandText(col.Compare.Kind, f.Op, o); err != nil {
			return "", err
		}
	}
	left, cast := sides(col.Compare.Kind)
	left = fmt.Sprintf(left, pgx.Identifier{col.Attr}.Sanitize())
	switch f.Op {
	case recon.OpBetween:
		return fmt.Sprintf("%s BETWEEN %s AND %s", left, c.param(texts[0], cast), c.param(texts[1], cast)), nil
	case recon.OpIn:
		return fmt.Sprintf("%s = ANY(%s)", left, c.param(arrayLiteral(texts), cast+"[]")), nil
	}
	return fmt.Sprintf("%s %s %s", left, comparisons[f.Op], c.param(texts[0], cast)), nil
}

// param adds a parameter and returns its place in the SQL.
func (c *condition) param(text, cast string) string {
	c.params = append(c.params, text)
	return fmt.Sprintf("$%d::%s", len(c.params), cast)
}

// sides returns the SQL of a column, with %s for its quoted name, and the type
// that it is compared with.
func sides(k kind) (left, cast string) {
	switch k {
	case kindBool:
		return "%s", "boolean"
	case kindInt2, kindInt4, kindInt8, kindDecimal, kindNumeric:
		return "%s", "numeric"
	case kindOID:
		return "%s::bigint", "numeric"
	case kindFloat4, kindFloat8:
		return "%s", "float8"
	case kindDate, kindTime, kindTimestamp, kindTimestampTZ, kindUUID:
		return "%s", string(k)
	}
	return `%s::text COLLATE "C"`, "text"
}

// fineSeconds finds fractions of a second that the server would round.
var fineSeconds = regexp.MustCompile(`\.[0-9]{6}[0-9]*[1-9]`)

// operandText returns the server's text form of a value that package filter
// has found to fit the column.
func operandText(k kind, op recon.Operator, operand any) (string, error) {
	text := fmt.Sprint(operand)
	switch k {
	case kindFloat4, kindFloat8:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return "", fmt.Errorf("%q is no double", text)
		}
		return strconv.FormatFloat(f, 'g', -1, 64), nil
	case kindUUID:
		id, err := uuid.Parse(text)
		if err != nil {
			return "", fmt.Errorf("%q is no UUID", text)
		}
		return id.String(), nil
	case kindTime, kindTimestamp, kindTimestampTZ:
		if fineSeconds.MatchString(text) {
			return "", fmt.Errorf("%q is finer than the microseconds that the column has", text)
		}
	case kindChar:
		if op != recon.OpLike {
			text = strings.TrimRight(text, " ")
		}
	}
	if strings.ContainsRune(text, 0) {
		return "", fmt.Errorf("%q holds a NUL character, which no text in Postgres can", text)
	}
	return text, nil
}

// arrayLiteral writes the server's text form of an array.
func arrayLiteral(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(t) + `"`
	}
	return "{" + strings.Join(quoted, ",") + "}"
}
