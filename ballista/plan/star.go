package plan

import "strings"

// readsRow reports whether a query node reads a row of ref, a subquery or CTE
// in its FROM clause, as one value or in another way that a further column
// would change: SELECT ref, ref.* outside of its own select list, COLUMNS(*)
// as an argument. Stars that hideFromStars mends do not count.
func readsRow(n node, ref string) bool {
	for key, child := range n {
		if key != "select_list" {
			if rowIn(child, ref, false) {
				return true
			}
			continue
		}
		for _, item := range list(n, key) {
			star, _ := item.(node)
			if text(star, "type") == "STAR" {
				item = star["replace_list"]
			}
			if rowIn(item, ref, false) {
				return true
			}
		}
	}
	return false
}

// rowIn looks for reads of the row below v. A star without a name inside of a
// further query is that query's own.
func rowIn(v any, ref string, nested bool) bool {
	switch v := v.(type) {
	case node:
		switch text(v, "type") {
		case "SELECT_NODE", "SET_OPERATION_NODE":
			nested = true
		case "COLUMN_REF":
			if names := texts(list(v, "column_names")); len(names) == 1 && strings.EqualFold(names[0], ref) {
				return true
			}
		case "STAR":
			relation := text(v, "relation_name")
			if strings.EqualFold(relation, ref) || relation == "" && !nested {
				return true
			}
		}
		for _, child := range v {
			if rowIn(child, ref, nested) {
				return true
			}
		}
	case []any:
		for _, child := range v {
			if rowIn(child, ref, nested) {
				return true
			}
		}
	}
	return false
}

// hideFromStars keeps carried columns out of what the stars of a select list
// return. It gives up on COLUMNS(...), which may pick by pattern.
func hideFromStars(items []any, ref string, hidden []string) bool {
	for _, item := range items {
		star, _ := item.(node)
		if text(star, "type") != "STAR" {
			continue
		}
		if columns, _ := star["columns"].(bool); columns {
			return false
		}
		if relation := text(star, "relation_name"); relation != "" && !strings.EqualFold(relation, ref) {
			continue
		}
		excluded := list(star, "exclude_list")
		for _, h := range hidden {
			excluded = append(excluded, h)
		}
		star["exclude_list"] = excluded
	}
	return true
}

func columnRef(table, column, as string) node {
	return node{"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": as, "query_location": 0, "column_names": []any{table, column}}
}

func nullConstant(as string) node {
	return node{"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": as, "query_location": 0,
		"value": node{"type": node{"id": "NULL", "type_info": nil}, "is_null": true}}
}
