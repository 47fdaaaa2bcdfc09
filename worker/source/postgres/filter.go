package postgres

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"kallad/worker/recon"
)

// A filter compares by the column's type in the database, exactly:
//
//   - Numbers as numeric, of any size; floats as floats. A value may be a JSON
//     number or, for more digits than a client's numbers have, a string.
//   - Texts, enums, json and all that is carried as text byte by byte, which
//     is how every kind of source compares them, whatever the collation;
//     char(n) without its padding, as Postgres does.
//   - Dates and times as ISO strings; without an offset, a timestamptz is UTC.
//   - A null compares true with nothing. between includes both ends. like has
//     % and _, and a backslash before either makes it itself.
//
// Values travel as parameters; no text of a caller becomes part of the SQL.

// conditions returns the SQL of all filters and their parameters as texts.
// Parameters are numbered from 1.
func conditions(filters []recon.FilterCondition, find func(name string) (*column, error)) (sql []string, params []string, err error) {
	for i, f := range filters {
		c, err := find(f.Column)
		if err != nil {
			return nil, nil, recon.Input(fmt.Errorf("filter %d: %w", i+1, err))
		}
		cond := condition{col: c, params: params}
		text, err := cond.build(f)
		if err != nil {
			return nil, nil, recon.Input(fmt.Errorf("filter %d (%s %s %s) on column %q of type %s: %w", i+1, f.Column, f.Op, clip(f.Value), c.Name, c.Decl, err))
		}
		sql, params = append(sql, text), cond.params
	}
	return sql, params, nil
}

var comparisons = map[recon.Operator]string{
	recon.OpEq: "=", recon.OpNeq: "<>", recon.OpGt: ">", recon.OpGte: ">=", recon.OpLt: "<", recon.OpLte: "<=",
}

// condition builds the SQL of one filter.
type condition struct {
	col    *column
	params []string
}

func (c *condition) build(f recon.FilterCondition) (string, error) {
	class, ok := classes[c.col.Compare]
	if !ok {
		return "", fmt.Errorf("columns of this type can't be filtered")
	}
	value, err := decodeJSON(f.Value)
	if err != nil {
		return "", err
	}
	left := fmt.Sprintf(class.left, pgx.Identifier{c.col.Attr}.Sanitize())
	if op, ok := comparisons[f.Op]; ok {
		if class.unordered && f.Op != recon.OpEq && f.Op != recon.OpNeq {
			return "", fmt.Errorf("this type has no order; use eq, neq or in")
		}
		right, err := c.value(class, value)
		return left + " " + op + " " + right, err
	}
	switch f.Op {
	case recon.OpBetween:
		return c.between(class, left, value)
	case recon.OpIn:
		return c.in(class, left, value)
	case recon.OpLike:
		return c.like(class, left, value)
	}
	return "", fmt.Errorf("the operator is none of eq, neq, gt, gte, lt, lte, between, in, like")
}

func (c *condition) value(class class, value any) (string, error) {
	text, err := class.check(value)
	if err != nil {
		return "", err
	}
	return c.param(text, class.cast), nil
}

// param adds a parameter and returns its place in the SQL.
func (c *condition) param(text, cast string) string {
	c.params = append(c.params, text)
	return fmt.Sprintf("$%d::%s", len(c.params), cast)
}

func (c *condition) between(class class, left string, value any) (string, error) {
	ends, ok := value.([]any)
	if !ok || len(ends) != 2 {
		return "", fmt.Errorf("between wants an array of two values")
	}
	if class.unordered {
		return "", fmt.Errorf("this type has no order; use eq, neq or in")
	}
	low, err := c.value(class, ends[0])
	if err != nil {
		return "", err
	}
	high, err := c.value(class, ends[1])
	return left + " BETWEEN " + low + " AND " + high, err
}

func (c *condition) in(class class, left string, value any) (string, error) {
	list, ok := value.([]any)
	if !ok {
		return "", fmt.Errorf("in wants an array of values")
	}
	var literal strings.Builder
	for i, v := range list {
		text, err := class.check(v)
		if err != nil {
			return "", fmt.Errorf("value %d: %w", i+1, err)
		}
		if i > 0 {
			literal.WriteByte(',')
		}
		literal.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`)
	}
	return left + " = ANY(" + c.param("{"+literal.String()+"}", class.cast+"[]") + ")", nil
}

func (c *condition) like(class class, left string, value any) (string, error) {
	if !class.text {
		return "", fmt.Errorf("like is for text")
	}
	text, err := checkText(value)
	if err != nil {
		return "", err
	}
	escapes := len(text) - len(strings.TrimRight(text, `\`))
	if escapes%2 == 1 {
		return "", fmt.Errorf(`the pattern ends in a backslash, which has nothing to escape; write \\ for a backslash itself`)
	}
	return left + " LIKE " + c.param(text, "text"), nil
}

// decodeJSON reads one JSON value and keeps numbers as they are written.
func decodeJSON(raw json.RawMessage) (value any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return nil, fmt.Errorf("the value is no JSON: %w", err)
	}
	return value, nil
}
