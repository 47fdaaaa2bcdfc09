package plan

import "strings"

// Selected returns where the wanted columns stand in the query's select list
// just as the table has them, written as table.column. It returns nil when
// one does not, or when it is not sure: with stars, with an item that becomes
// several columns (width is the true number of columns of the result), with a
// table that is mentioned twice.
func (q *Query) Selected(c Carry, width int) []int {
	top := object(q.root, "node")
	items := list(top, "select_list")
	if text(top, "type") != "SELECT_NODE" || len(items) != width {
		return nil
	}
	var outer *scope
	look := &carrier{query: q, want: c, inFrom: map[uintptr]bool{}}
	refs := look.sources(object(top, "from_table"), outer.enter(top))
	if len(refs) != 1 || refs[0].inner != nil || refs[0].name == "" {
		return nil
	}
	var out []int
	for _, column := range c.Columns {
		at := -1
		for i, item := range items {
			n, _ := item.(node)
			if text(n, "type") == "STAR" {
				return nil
			}
			names := texts(list(n, "column_names"))
			if at < 0 && text(n, "type") == "COLUMN_REF" && len(names) == 2 &&
				strings.EqualFold(names[0], refs[0].name) && strings.EqualFold(names[1], column) {
				at = i
			}
		}
		if at < 0 {
			return nil
		}
		out = append(out, at)
	}
	return out
}
