package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// key is an expression by which rows can be told apart: a column, or a plain
// function of columns of one or several items.
type key struct {
	// text tells expressions apart: equal texts are equal expressions.
	text string
	// label is for people.
	label string
	kind  sqlType
	refs  []ref
	// strict says that it is null where one of its columns is null.
	strict bool
	// tree is the expression, its columns being nodes of type refType.
	tree any
}

const refType = "KALLAD_REF"

func refNode(r ref) node { return node{"type": refType, "id": r.id, "col": r.col} }

func columnKey(it *item, col int) *key {
	k := &key{refs: []ref{{it.id, col}}, strict: true, kind: it.columns[col].kind, tree: refNode(ref{it.id, col})}
	k.label = it.columns[col].name
	if it.name != "" {
		k.label = it.name + "." + k.label
	}
	k.text = treeText(k.tree)
	return k
}

// column returns the column that a key is, if it is nothing else.
func (k *key) column() (ref, bool) {
	if n, ok := k.tree.(node); ok && text(n, "type") == refType {
		return k.refs[0], true
	}
	return ref{}, false
}

// plain reports whether a key is a column and no more.
func (k *key) plain() bool { _, ok := k.column(); return ok }

func newKey(tree node, label string, strict bool, parts []*key) *key {
	tree["alias"] = ""
	k := &key{tree: tree, label: label, strict: strict}
	for _, p := range parts {
		k.strict = k.strict && p.strict
		for _, r := range p.refs {
			if !slices.Contains(k.refs, r) {
				k.refs = append(k.refs, r)
			}
		}
	}
	k.text = treeText(tree)
	return k
}

// coalesceKey is the first of two keys that is not null, as the unqualified
// name of a USING column means it.
func coalesceKey(a, b *key) *key {
	tree := node{"class": "OPERATOR", "type": "OPERATOR_COALESCE", "children": []any{a.tree, b.tree}}
	k := newKey(tree, "coalesce("+a.label+", "+b.label+")", false, []*key{a, b})
	if a.kind == b.kind {
		k.kind = a.kind
	}
	return k
}

// treeText is a tree without what makes no difference to its meaning.
func treeText(v any) string {
	var out strings.Builder
	writeTree(&out, v)
	return out.String()
}

func writeTree(out *strings.Builder, v any) {
	switch v := v.(type) {
	case node:
		if text(v, "type") == refType {
			fmt.Fprintf(out, "#%v.%v", v["id"], v["col"])
			return
		}
		names := make([]string, 0, len(v))
		for name := range v {
			if name != "alias" && name != "query_location" {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		out.WriteByte('{')
		for _, name := range names {
			out.WriteString(name + ":")
			writeTree(out, v[name])
			out.WriteByte(';')
		}
		out.WriteByte('}')
	case []any:
		out.WriteByte('[')
		for _, child := range v {
			writeTree(out, child)
			out.WriteByte(',')
		}
		out.WriteByte(']')
	default:
		b, _ := json.Marshal(v)
		out.Write(b)
	}
}

// replace returns the key with its columns replaced, false if one has no
// replacement.
func (k *key) replace(with func(ref) (*key, bool)) (*key, bool) {
	out := &key{label: k.label, kind: k.kind, strict: k.strict}
	tree, ok := replaceRefs(k.tree, with, out)
	if !ok {
		return nil, false
	}
	out.tree, out.text = tree, treeText(tree)
	if n, isRef := tree.(node); isRef && k.plain() && text(n, "type") == refType {
		out.label = k.label
	}
	return out, true
}

func replaceRefs(v any, with func(ref) (*key, bool), out *key) (any, bool) {
	switch v := v.(type) {
	case node:
		if text(v, "type") == refType {
			k, ok := with(ref{v["id"].(int), v["col"].(int)})
			if !ok {
				return nil, false
			}
			for _, r := range k.refs {
				if !slices.Contains(out.refs, r) {
					out.refs = append(out.refs, r)
				}
			}
			out.strict = out.strict && k.strict
			return cloneValue(k.tree), true
		}
		copied := make(node, len(v))
		for name, child := range v {
			c, ok := replaceRefs(child, with, out)
			if !ok {
				return nil, false
			}
			copied[name] = c
		}
		return copied, true
	case []any:
		copied := make([]any, len(v))
		for i, child := range v {
			c, ok := replaceRefs(child, with, out)
			if !ok {
				return nil, false
			}
			copied[i] = c
		}
		return copied, true
	}
	return v, true
}

// sql returns the tree with its columns as the engine reads them: name says
// what each is called.
func (k *key) sql(name func(ref) []string) any {
	tree, _ := replaceRefs(k.tree, func(r ref) (*key, bool) {
		parts := []any{}
		for _, p := range name(r) {
			parts = append(parts, p)
		}
		return &key{strict: true, tree: node{"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "query_location": 0, "column_names": parts}}, true
	}, &key{})
	return tree
}

// keyOf reads an expression as a key, nil if it is none.
func (v *view) keyOf(expression any) *key {
	k := v.term(expression)
	if k == nil || len(k.refs) == 0 {
		return nil
	}
	return k
}

// term is keyOf for parts of a key, which may be constant.
func (v *view) term(expression any) *key {
	n, _ := expression.(node)
	switch text(n, "class") {
	case "COLUMN_REF":
		return v.resolve(texts(list(n, "column_names")))
	case "CONSTANT":
		if n["value"] == nil {
			return nil
		}
		return newKey(cloneValue(n).(node), constantLabel(n), true, nil)
	case "CAST":
		if !plainType(object(n, "cast_type")) {
			return nil
		}
		child := v.term(n["child"])
		if child == nil {
			return nil
		}
		tree := cloneValue(n).(node)
		tree["child"] = child.tree
		return newKey(tree, "CAST("+child.label+" AS "+text(object(n, "cast_type"), "id")+")", true, []*key{child})
	case "FUNCTION":
		return v.call(n)
	case "OPERATOR":
		if text(n, "type") == "OPERATOR_COALESCE" {
			return v.coalesce(n)
		}
	}
	return nil
}

func constantLabel(n node) string {
	value := object(n, "value")
	if s, ok := value["value"].(string); ok {
		return "'" + s + "'"
	}
	return fmt.Sprint(value["value"])
}

// plainType reports whether a cast's type is one of scalars that has no
// settings but its digits.
func plainType(t node) bool {
	switch text(t, "id") {
	case "STRUCT", "LIST", "MAP", "ARRAY", "UNION", "ENUM", "UNBOUND", "USER", "VARIANT":
		return false
	}
	info := object(t, "type_info")
	return info == nil || text(info, "type") == "DECIMAL_TYPE_INFO"
}

func (v *view) call(n node) *key {
	name := strings.ToLower(text(n, "function_name"))
	distinct, _ := n["distinct"].(bool)
	if !keyFunctions[name] || distinct || n["filter"] != nil || len(list(object(n, "order_bys"), "orders")) > 0 {
		return nil
	}
	children := list(n, "children")
	parts, trees, labels := make([]*key, len(children)), make([]any, len(children)), make([]string, len(children))
	for i, child := range children {
		p := v.term(child)
		if p == nil {
			return nil
		}
		parts[i], trees[i], labels[i] = p, p.tree, p.label
	}
	tree := cloneValue(n).(node)
	tree["children"], tree["function_name"] = trees, name
	return newKey(tree, name+"("+strings.Join(labels, ", ")+")", strictFunctions[name], parts)
}

func (v *view) coalesce(n node) *key {
	children := list(n, "children")
	if len(children) != 2 {
		return nil
	}
	a, b := v.term(children[0]), v.term(children[1])
	if a == nil || b == nil {
		return nil
	}
	return coalesceKey(a, b)
}

// resolve returns the column that a dotted name means, nil if that is not
// sure.
func (v *view) resolve(parts []string) *key {
	for ; v != nil; v = v.parent {
		k, found := v.from.find(parts)
		if found {
			return k
		}
	}
	return nil
}

// find looks for a name among the item's columns. found is also true for a
// name that means something here that is no plain column.
func (it *item) find(parts []string) (k *key, found bool) {
	if it == nil {
		return nil, false
	}
	bare, n := it.lookup(parts[0])
	if len(parts) == 1 {
		if n == 1 {
			return bare, true
		}
		return nil, n > 1 || it.named(parts[0]) != nil
	}
	owner := it.named(parts[0])
	if owner == nil || n > 0 || len(parts) > 2 {
		return nil, owner != nil || n > 0
	}
	at := columnIndex(owner.columns, parts[1])
	if at < 0 {
		return nil, true
	}
	return columnKey(owner, at), true
}

func columnIndex(columns []column, name string) int {
	at := -1
	for i, c := range columns {
		if strings.EqualFold(c.name, name) {
			if at >= 0 {
				return -1
			}
			at = i
		}
	}
	return at
}

// lookup finds an unqualified column and counts what the name could mean.
func (it *item) lookup(name string) (*key, int) {
	if it.kind != joinItem {
		count := 0
		for _, c := range it.columns {
			if strings.EqualFold(c.name, name) {
				count++
			}
		}
		if at := columnIndex(it.columns, name); at >= 0 {
			return columnKey(it, at), 1
		}
		return nil, count
	}
	left, l := it.left.lookup(name)
	if it.join == "SEMI" || it.join == "ANTI" {
		return left, l
	}
	right, r := it.right.lookup(name)
	switch {
	case l == 1 && r == 1 && containsFold(it.using, name):
		switch it.join {
		case "RIGHT":
			return right, 1
		case "FULL":
			return coalesceKey(left, right), 1
		}
		return left, 1
	case l > 0 && r > 0:
		return nil, l + r
	case l > 0:
		return left, l
	}
	return right, r
}

// named returns the only item of that name, nil if there is none or several.
func (it *item) named(name string) *item {
	var found *item
	several := false
	it.each(func(i *item) {
		if i.name != "" && strings.EqualFold(i.name, name) {
			several = several || found != nil
			found = i
		}
	})
	if several {
		return nil
	}
	return found
}

// each calls visit for the items that are no joins and whose columns can be
// seen from outside.
func (it *item) each(visit func(*item)) {
	if it.kind != joinItem {
		visit(it)
		return
	}
	it.left.each(visit)
	if it.join != "SEMI" && it.join != "ANTI" {
		it.right.each(visit)
	}
}

// has reports whether an item with that id is the item or a part of it.
func (it *item) has(id int) bool {
	if it.id == id {
		return true
	}
	return it.kind == joinItem && (it.left.has(id) || it.right.has(id))
}
