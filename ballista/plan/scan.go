package plan

import (
	"slices"
	"strings"
)

// scanner goes through the expressions of one place in a query.
type scanner struct {
	resolver *resolver
	view     *view
	// aliases are names of the select list that an expression may use.
	aliases []string
	// aliasFirst says that an alias hides a column of that name.
	aliasFirst bool

	subs       []*sub
	windows    []node
	aggregates []node
}

// scan notes what an expression is made of, and refuses what makes it
// impossible to say how its query may be split.
func (s *scanner) scan(expression any, use asked) error {
	switch v := expression.(type) {
	case []any:
		for _, child := range v {
			if err := s.scan(child, asValue); err != nil {
				return err
			}
		}
	case node:
		return s.node(v, use)
	}
	return nil
}

func (s *scanner) node(n node, use asked) error {
	switch class := text(n, "class"); class {
	case "COLUMN_REF":
		return s.reference(n)
	case "SUBQUERY":
		return s.subquery(n, use)
	case "CONJUNCTION":
		for _, child := range list(n, "children") {
			if err := s.scan(child, use); err != nil {
				return err
			}
		}
		return nil
	case "OPERATOR":
		if text(n, "type") == "OPERATOR_NOT" {
			return s.negation(n, use)
		}
	case "FUNCTION", "WINDOW":
		if err := s.function(n, class); err != nil {
			return err
		}
	case "COLLATE":
		return &unsplittable{"a COLLATE: the rows that it calls equal can't be told by a hash"}
	case "POSITIONAL_REFERENCE":
		return &unsplittable{"a column named by its position"}
	case "STAR":
		s.resolver.opaque = append(s.resolver.opaque, "*")
	case "LAMBDA":
		// Its parameters are no columns, whatever they are called.
		s.resolver.opaque = append(s.resolver.opaque, "a lambda")
	case "", "CONSTANT", "CAST", "COMPARISON", "CASE", "BETWEEN", "LAMBDA_REF":
	default:
		return &unsplittable{"an expression of the kind " + class}
	}
	return s.children(n)
}

func (s *scanner) children(n node) error {
	// In a fixed order, so that ids are the same each time.
	names := make([]string, 0, len(n))
	for name := range n {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if name == "collation" && text(n, name) != "" {
			return &unsplittable{"a COLLATE: the rows that it calls equal can't be told by a hash"}
		}
		if err := s.scan(n[name], asValue); err != nil {
			return err
		}
	}
	return nil
}

// negation follows the meaning of an answer through NOT.
func (s *scanner) negation(n node, use asked) error {
	inner := asValue
	switch use {
	case asTruth:
		inner = asDenial
	case asDenial:
		inner = asTruth
	}
	for _, child := range list(n, "children") {
		if err := s.scan(child, inner); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) reference(n node) error {
	parts := texts(list(n, "column_names"))
	if s.aliasFirst && len(parts) == 1 && containsFold(s.aliases, parts[0]) {
		return nil
	}
	if k := s.view.resolve(parts); k != nil {
		s.resolver.known[address(n)] = k
		return nil
	}
	if containsFold(parts, "rowid") {
		return &unsplittable{"rowid: it is another one in each task"}
	}
	if len(parts) != 1 || !containsFold(s.aliases, parts[0]) {
		s.resolver.opaque = append(s.resolver.opaque, strings.Join(parts, "."))
	}
	return nil
}

func (s *scanner) function(n node, class string) error {
	name := strings.ToLower(text(n, "function_name"))
	if volatileFunctions[name] {
		return &unsplittable{"the function " + name + ": each task would see another value of it"}
	}
	switch {
	case class == "WINDOW":
		s.windows = append(s.windows, n)
	case aggregateFunctions[name]:
		s.aggregates = append(s.aggregates, n)
	}
	return nil
}

func (s *scanner) subquery(n node, use asked) error {
	q := &sub{tree: n, kind: text(n, "subquery_type"), asked: use, equal: text(n, "comparison_type") == "COMPARE_EQUAL"}
	if n["child"] != nil {
		if err := s.scan(n["child"], asValue); err != nil {
			return err
		}
		q.child = s.resolver.keyIn(s.view, n["child"])
	}
	var err error
	if q.query, err = s.resolver.read(object(object(n, "subquery"), "node"), s.view); err != nil {
		return err
	}
	q.alone = q.query.columns != nil
	s.subs = append(s.subs, q)
	return nil
}

// keyIn reads an expression as a key and has its type found out.
func (r *resolver) keyIn(v *view, expression any) *key {
	k := v.keyOf(expression)
	if k != nil && k.kind == "" {
		r.untyped = append(r.untyped, untyped{k, expression})
	}
	return k
}

// conjuncts splits a condition into what must be true all together.
func (s *scanner) conjuncts(condition any) []*conjunct {
	n, _ := condition.(node)
	if text(n, "type") == "CONJUNCTION_AND" {
		var out []*conjunct
		for _, child := range list(n, "children") {
			out = append(out, s.conjuncts(child)...)
		}
		return out
	}
	c := &conjunct{tree: n}
	key := func(name string) *key { return s.resolver.keyIn(s.view, n[name]) }
	switch {
	case text(n, "class") == "COMPARISON":
		left, right := key("left"), key("right")
		kind := text(n, "type")
		if left != nil && right != nil && (kind == "COMPARE_EQUAL" || kind == "COMPARE_NOT_DISTINCT_FROM") {
			c.left, c.right, c.nullSafe = left, right, kind != "COMPARE_EQUAL"
		}
		if kind != "COMPARE_NOT_DISTINCT_FROM" && kind != "COMPARE_DISTINCT_FROM" {
			c.fill(left)
			c.fill(right)
		}
	case text(n, "type") == "OPERATOR_IS_NOT_NULL":
		for _, child := range list(n, "children") {
			c.fill(s.resolver.keyIn(s.view, child))
		}
	}
	return []*conjunct{c}
}

// fill notes that a key is not null where the condition holds.
func (c *conjunct) fill(k *key) {
	if k != nil {
		c.filled = append(c.filled, k)
	}
}
