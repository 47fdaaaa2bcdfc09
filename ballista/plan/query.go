package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Query is one parsed SELECT statement.
type Query struct {
	// sql is the text that was parsed: locations in the tree count its bytes.
	sql  string
	root map[string]any
}

// node is an object of the parsed form.
type node = map[string]any

// New reads the parsed form of sql: {"statements": [...]}. It is an error if
// there is not exactly one statement, or if it has too many constants.
func New(sql string, parsed json.RawMessage) (*Query, error) {
	if err := fewConstants(parsed); err != nil {
		return nil, err
	}
	var form struct {
		Statements []node `json:"statements"`
	}
	dec := json.NewDecoder(bytes.NewReader(parsed))
	// Constants may be larger than a float64 can tell.
	dec.UseNumber()
	if err := dec.Decode(&form); err != nil {
		return nil, fmt.Errorf("read the parsed query: %w", err)
	}
	if n := len(form.Statements); n != 1 {
		return nil, fmt.Errorf("there are %d statements; give one SELECT", n)
	}
	return &Query{sql: sql, root: form.Statements[0]}, nil
}

// Parsed returns the form that the engine writes back as SQL.
func (q *Query) Parsed() (json.RawMessage, error) {
	walk(q.root, nameCrossJoins)
	b, err := json.Marshal(map[string]any{"error": false, "statements": []any{q.root}})
	if err != nil {
		return nil, fmt.Errorf("write the parsed query: %w", err)
	}
	return b, nil
}

// nameCrossJoins makes cross joins that stand inside of other joins inner joins
// on true. The engine writes a cross join as a comma, which binds less than a
// join and would take the tables apart.
func nameCrossJoins(n node) {
	if text(n, "type") != "JOIN" || text(n, "ref_type") == "CROSS" {
		return
	}
	for _, side := range []string{"left", "right"} {
		if child := object(n, side); text(child, "type") == "JOIN" && text(child, "ref_type") == "CROSS" {
			child["ref_type"], child["condition"] = "REGULAR", trueConstant()
		}
	}
}

func trueConstant() node {
	return node{"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "query_location": 0,
		"value": node{"type": node{"id": "BOOLEAN", "type_info": nil}, "is_null": false, "value": true}}
}

// Clone returns a copy that can be changed without changing q.
func (q *Query) Clone() *Query {
	return &Query{sql: q.sql, root: cloneValue(q.root).(node)}
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case node:
		out := make(node, len(v))
		for k, child := range v {
			out[k] = cloneValue(child)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, child := range v {
			out[i] = cloneValue(child)
		}
		return out
	}
	return v
}

// walk calls visit for every object below v, parents first.
func walk(v any, visit func(node)) {
	switch v := v.(type) {
	case node:
		visit(v)
		for _, child := range v {
			walk(child, visit)
		}
	case []any:
		for _, child := range v {
			walk(child, visit)
		}
	}
}

func text(n node, key string) string {
	s, _ := n[key].(string)
	return s
}

func list(n node, key string) []any {
	l, _ := n[key].([]any)
	return l
}

func object(n node, key string) node {
	o, _ := n[key].(node)
	return o
}

func texts(values []any) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// location is the byte in the SQL at which a node stands, -1 when unknown.
func (q *Query) location(n node) int {
	number, ok := n["query_location"].(json.Number)
	if !ok {
		return -1
	}
	at, err := number.Int64()
	if err != nil || at < 0 || int(at) >= len(q.sql) {
		return -1
	}
	return int(at)
}

// cteNames returns the names that WITH clauses anywhere in the query define,
// in lower case.
func (q *Query) cteNames() map[string]bool {
	names := map[string]bool{}
	walk(q.root, func(n node) {
		for _, entry := range list(object(n, "cte_map"), "map") {
			if e, ok := entry.(node); ok {
				names[strings.ToLower(text(e, "key"))] = true
			}
		}
	})
	return names
}
