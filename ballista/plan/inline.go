package plan

import (
	"strings"
)

// unsplittable says why nothing is known about how a query may be split.
type unsplittable struct{ why string }

func (u *unsplittable) Error() string { return u.why }

// maxMentions bounds what CTEs that read one another twice can grow into.
const maxMentions = 64

// inlined returns the query's tree with every CTE put in the place of each of
// its mentions, so that each can be split in its own way.
func (q *Query) inlined() (node, error) {
	in := inliner{}
	top := cloneValue(object(q.root, "node")).(node)
	if err := in.inline(top, nil); err != nil {
		return nil, err
	}
	return top, nil
}

type inliner struct{ mentions int }

// inline replaces the mentions of CTEs below v, s being the CTEs in sight.
func (in *inliner) inline(v any, s *scope) error {
	switch v := v.(type) {
	case node:
		if text(v, "type") == "RECURSIVE_CTE_NODE" {
			return &unsplittable{"a recursive CTE"}
		}
		if object(v, "cte_map") != nil {
			s = s.enter(v)
			v["cte_map"] = node{"map": []any{}}
		}
		if text(v, "type") == "BASE_TABLE" {
			return in.table(v, s)
		}
		for _, child := range v {
			if err := in.inline(child, s); err != nil {
				return err
			}
		}
	case []any:
		for _, child := range v {
			if err := in.inline(child, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (in *inliner) table(n node, s *scope) error {
	if in.mentions++; in.mentions > maxMentions {
		return &unsplittable{"more mentions of tables than are looked at"}
	}
	cte, outer := s.find(text(n, "table_name"))
	if cte == nil {
		return nil
	}
	body := cloneValue(object(object(cte, "query"), "node")).(node)
	if err := in.inline(body, outer); err != nil {
		return err
	}
	names := list(cte, "aliases")
	if own := list(n, "column_name_alias"); len(own) > 0 {
		names = append(cloneValue(own).([]any), names[min(len(own), len(names)):]...)
	}
	alias := text(n, "alias")
	if alias == "" {
		alias = text(n, "table_name")
	}
	sample, at := n["sample"], n["query_location"]
	clear(n)
	n["type"], n["alias"], n["sample"], n["query_location"] = "SUBQUERY", alias, sample, at
	n["subquery"] = node{"node": body, "named_param_map": []any{}}
	n["column_name_alias"] = names
	return nil
}

// plainSelect is a SELECT of the given expressions over a FROM clause.
func plainSelect(items []any, from node) node {
	return node{
		"type": "SELECT_NODE", "modifiers": []any{}, "cte_map": node{"map": []any{}}, "select_list": items, "from_table": from,
		"where_clause": nil, "group_expressions": []any{}, "group_sets": []any{}, "aggregate_handling": "STANDARD_HANDLING",
		"having": nil, "sample": nil, "qualify": nil,
	}
}

// tableRef mentions a table under a name.
func tableRef(table, alias string) node {
	if strings.EqualFold(table, alias) {
		alias = ""
	}
	return node{
		"type": "BASE_TABLE", "alias": alias, "sample": nil, "query_location": 0, "schema_name": "", "table_name": table,
		"column_name_alias": []any{}, "catalog_name": "", "at_clause": nil,
	}
}
