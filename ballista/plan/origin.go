package plan

import "strings"

// origin is the mention of a table that a column's values come from, row by
// row; without one, they are null. extended says that they may also be null
// because of an outer join.
type origin struct {
	item     *item
	col      int
	extended bool
}

// origins returns where the values of a result's column come from: several
// mentions for a union, none if that is not known. Columns with origins in one
// mention have, in each row, the values of one row of it.
func (g *region) origins(rel *relation, col int) []origin {
	if rel.block == nil {
		if rel.setop != "UNION" {
			return nil
		}
		left, right := g.origins(rel.left, col), g.origins(rel.right, col)
		if len(left) == 0 || len(right) == 0 {
			return nil
		}
		return append(left, right...)
	}
	b := rel.block
	if b.sets > 1 || col >= len(b.outputs) {
		return nil
	}
	if b.outputs[col] == nil {
		if isNull(b, col) {
			return []origin{{}}
		}
		return nil
	}
	at, plain := b.outputs[col].column()
	if !plain {
		return nil
	}
	it := g.resolver.items[at.id]
	if it == nil || !b.from.has(at.id) {
		return nil
	}
	extended := b.from.extends(at.id)
	if it.kind == leafItem {
		return []origin{{it, at.col, extended}}
	}
	if it.kind != derivedItem {
		return nil
	}
	below := g.origins(it.query, at.col)
	out := make([]origin, len(below))
	for i, o := range below {
		out[i] = origin{o.item, o.col, o.extended || extended}
	}
	return out
}

// isNull reports whether a column of a SELECT is the constant NULL.
func isNull(b *block, col int) bool {
	items := list(b.tree, "select_list")
	if len(items) != len(b.outputs) {
		return false
	}
	n := items[col].(node)
	if text(n, "class") == "CAST" {
		n = object(n, "child")
	}
	null, _ := object(n, "value")["is_null"].(bool)
	return strings.EqualFold(text(n, "class"), "CONSTANT") && null
}

// extends reports whether an outer join may put nulls in the place of an
// item's row.
func (it *item) extends(id int) bool {
	if it.kind != joinItem {
		return false
	}
	left := it.left.has(id)
	side := it.left
	missing := it.join == "RIGHT" || it.join == "FULL"
	if !left {
		side, missing = it.right, it.join == "LEFT" || it.join == "FULL"
	}
	return missing || side.extends(id)
}
