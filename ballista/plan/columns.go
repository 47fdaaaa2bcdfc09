package plan

import "strings"

// Columns returns, for each of the given tables, those of its columns that
// the query can read, in the table's order.
//
// The answer may be too large and is never too small: a reference counts for
// every table that it could mean. A star, a NATURAL JOIN and a table used as a
// value count for all columns.
func (q *Query) Columns(tables map[string][]string) map[string][]string {
	u := usage{tables: tables, aliases: map[string]map[string]bool{}, used: map[string]map[string]bool{}, all: map[string]bool{}}
	for t := range tables {
		u.used[t] = map[string]bool{}
	}
	walk(q.root, u.collectAliases)
	u.walk(q.root)
	out := map[string][]string{}
	for t, columns := range tables {
		out[t] = []string{}
		for _, c := range columns {
			if u.all[t] || u.everything || u.used[t][strings.ToLower(c)] {
				out[t] = append(out[t], c)
			}
		}
	}
	return out
}

type usage struct {
	tables map[string][]string
	// aliases maps a name, in lower case, to the tables it may stand for; a
	// name that may stand for something else as well maps to "" too.
	aliases    map[string]map[string]bool
	used       map[string]map[string]bool
	all        map[string]bool
	everything bool
}

func (u *usage) alias(name, table string) {
	name = strings.ToLower(name)
	if u.aliases[name] == nil {
		u.aliases[name] = map[string]bool{}
	}
	u.aliases[name][table] = true
}

func (u *usage) collectAliases(n node) {
	name := text(n, "alias")
	switch text(n, "type") {
	case "BASE_TABLE":
		table := u.resolve(text(n, "table_name"))
		if name == "" {
			name = text(n, "table_name")
		}
		u.alias(name, table)
		if len(list(n, "column_name_alias")) > 0 && table != "" {
			u.all[table] = true
		}
	case "SUBQUERY", "TABLE_FUNCTION", "EXPRESSION_LIST", "PIVOT", "JOIN":
		if name != "" && text(n, "class") == "" {
			u.alias(name, "")
		}
	}
}

// resolve returns the table of that name, "" if there is none.
func (u *usage) resolve(name string) string {
	for t := range u.tables {
		if strings.EqualFold(t, name) {
			return t
		}
	}
	return ""
}

// walk visits every object. The stars of a select list stand for what its own
// FROM clause holds, so they are read there.
func (u *usage) walk(v any) {
	switch v := v.(type) {
	case node:
		u.visit(v)
		for key, child := range v {
			if key == "select_list" {
				u.selectList(v, list(v, key))
			} else {
				u.walk(child)
			}
		}
	case []any:
		for _, child := range v {
			u.walk(child)
		}
	}
}

func (u *usage) selectList(n node, items []any) {
	for _, item := range items {
		star, _ := item.(node)
		pattern, _ := star["columns"].(bool)
		if text(star, "type") != "STAR" || pattern || text(star, "relation_name") != "" {
			u.walk(item)
			continue
		}
		u.starOf(object(n, "from_table"))
		u.walk(star["replace_list"])
	}
}

// starOf counts every column of the tables in a FROM clause. What comes out of
// a subquery or CTE is counted where that is made.
func (u *usage) starOf(from node) {
	switch text(from, "type") {
	case "JOIN":
		u.starOf(object(from, "left"))
		u.starOf(object(from, "right"))
	case "BASE_TABLE":
		if table := u.resolve(text(from, "table_name")); table != "" {
			u.all[table] = true
		}
	case "SUBQUERY", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY":
	default:
		u.everything = true
	}
}

func (u *usage) visit(n node) {
	switch text(n, "type") {
	case "COLUMN_REF":
		u.reference(texts(list(n, "column_names")))
	case "STAR":
		u.star(text(n, "relation_name"))
	case "JOIN":
		if text(n, "ref_type") == "NATURAL" {
			u.everything = true
		}
		for _, c := range texts(list(n, "using_columns")) {
			u.column(c, nil)
		}
	case "PIVOT":
		u.everything = true
	case "BASE_TABLE", "SUBQUERY":
		// Columns renamed by position stand in no reference.
		if len(list(n, "column_name_alias")) > 0 {
			u.everything = true
		}
	}
}

// reference counts a dotted name. Its parts may be catalog, schema, table,
// column and fields of a struct, so each part may be the column.
func (u *usage) reference(parts []string) {
	if len(parts) == 1 {
		u.column(parts[0], nil)
		// A bare table name is the row as a value.
		u.star(parts[0])
		return
	}
	tables, isAlias := u.aliases[strings.ToLower(parts[0])]
	if isAlias && !tables[""] {
		for _, p := range parts[1:] {
			u.column(p, tables)
		}
	}
	if !isAlias || tables[""] || u.isColumn(parts[0]) {
		for _, p := range parts {
			u.column(p, nil)
		}
	}
}

func (u *usage) isColumn(name string) bool {
	for _, columns := range u.tables {
		if containsFold(columns, name) {
			return true
		}
	}
	return false
}

// column counts a name for the given tables, or for all when nil.
func (u *usage) column(name string, tables map[string]bool) {
	for t := range u.tables {
		if tables == nil || tables[t] {
			u.used[t][strings.ToLower(name)] = true
		}
	}
}

// star counts relation.*, or every table when relation is empty.
func (u *usage) star(relation string) {
	if relation == "" {
		u.everything = true
		return
	}
	for t := range u.aliases[strings.ToLower(relation)] {
		if t != "" {
			u.all[t] = true
		}
	}
}
