package plan

import (
	"fmt"
	"strconv"
	"strings"
)

// ending is the ORDER BY and LIMIT at the end of a query whose result is
// streamed in its order: the tasks return their first rows, and one last task
// returns the first of those.
type ending struct {
	// order are the orders, by position in the result, limit and offset the
	// nodes of these; nil if there is none.
	order         []any
	limit, offset any
	// rows is how many rows of each task can be among the result, -1 for all.
	rows int64
}

// ordered reports whether the order of the query's rows is somebody's concern.
func (p *planner) ordered() bool {
	for _, s := range p.Steps {
		if s.SQL == "" {
			return true
		}
	}
	return false
}

// kept reports whether the result is needed as a table.
func (p *planner) kept() bool {
	kept := len(p.Lookups) > 0
	for _, s := range p.Steps {
		kept = kept || s.SQL != ""
	}
	return kept
}

// end takes the ORDER BY and LIMIT off a query, nil if it has none.
func (p *planner) end(query *relation) (*ending, error) {
	if !query.limited && !query.ordered {
		return nil, nil
	}
	if query.limited && p.kept() {
		return nil, &unsplittable{"a LIMIT is over all rows"}
	}
	if p.ordered() && p.kept() {
		return nil, &unsplittable{"the result is wanted both in its order and as a table"}
	}
	e := &ending{rows: -1}
	var rest []any
	for _, m := range list(query.tree, "modifiers") {
		modifier := m.(node)
		switch text(modifier, "type") {
		case "ORDER_MODIFIER":
			for _, o := range list(modifier, "orders") {
				order, err := query.position(o.(node))
				if err != nil && p.ordered() {
					return nil, err
				}
				e.order = append(e.order, order)
			}
		case "LIMIT_MODIFIER":
			e.limit, e.offset = modifier["limit"], modifier["offset"]
			limit, known := integer(e.limit)
			offset, also := integer(e.offset)
			if !known || !also {
				return nil, &unsplittable{"a LIMIT that is no number"}
			}
			e.rows = limit + offset
		case "LIMIT_PERCENT_MODIFIER":
			return nil, &unsplittable{"a LIMIT is over all rows"}
		default:
			rest = append(rest, modifier)
		}
	}
	if rest == nil {
		rest = []any{}
	}
	query.tree["modifiers"], query.limited, query.ordered = rest, false, false
	if !p.ordered() {
		return nil, nil
	}
	return e, nil
}

// integer is the value of a constant; that of nothing is 0.
func integer(n any) (int64, bool) {
	if n == nil {
		return 0, true
	}
	value, ok := object(n.(node), "value")["value"].(interface{ Int64() (int64, error) })
	if !ok {
		return 0, false
	}
	i, err := value.Int64()
	return i, err == nil && i >= 0 && i < 1<<40
}

// position is an order with the position in the result instead of an
// expression.
func (rel *relation) position(order node) (node, error) {
	expression := object(order, "expression")
	out := cloneValue(order).(node)
	if _, isPosition := integer(expression); isPosition || text(expression, "type") == "STAR" {
		return out, nil
	}
	at, named := -1, false
	names := texts(list(expression, "column_names"))
	if len(names) == 1 && (rel.block == nil || containsFold(aliasesOf(rel.tree), names[0])) {
		at, named = columnIndex(rel.columns, names[0]), true
	}
	if !named && rel.block != nil {
		if k := rel.block.view.keyOf(expression); k != nil {
			for i, o := range rel.block.outputs {
				if o != nil && o.text == k.text {
					at = i
				}
			}
		}
	}
	if at < 0 {
		return nil, &unsplittable{"ORDER BY something that is no column of the result"}
	}
	out["expression"] = positionNode(at + 1)
	return out, nil
}

func positionNode(i int) node {
	return node{"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "query_location": 0,
		"value": node{"type": node{"id": "INTEGER", "type_info": nil}, "is_null": false, "value": i}}
}

// tail are the ORDER BY and LIMIT as a query's modifiers.
func (e *ending) tail() []any {
	var out []any
	if len(e.order) > 0 {
		out = append(out, node{"type": "ORDER_MODIFIER", "orders": e.order})
	}
	if e.limit != nil || e.offset != nil {
		out = append(out, node{"type": "LIMIT_MODIFIER", "limit": e.limit, "offset": e.offset})
	}
	return out
}

// sql is a SELECT of columns of a table with the ending's ORDER BY and LIMIT;
// inTask is that of one task, for the last one.
func (e *ending) sql(p *planner, from node, items []any, inTask bool) (string, error) {
	tree := plainSelect(items, from)
	switch {
	case !inTask:
		tree["modifiers"] = e.tail()
	case e.rows >= 0:
		tree["modifiers"] = (&ending{order: e.order, limit: positionNode(int(e.rows))}).tail()
	}
	return p.resolver.format(tree)
}

// last turns the stage that computes the query into one that writes its rows,
// and adds one whose single task brings them into order.
func (p *planner) last(b *builder, e *ending, query *relation) error {
	names := make([]string, len(query.columns))
	items := make([]any, len(query.columns))
	for i, c := range query.columns {
		if _, ok := c.kind.restored(""); !ok {
			return &unsplittable{fmt.Sprintf("the column %s of the result, of type %s, can't be handed to a task that orders it", c.name, c.kind)}
		}
		names[i] = "c" + strconv.Itoa(i)
		items[i] = node{"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": c.name, "query_location": 0, "column_names": []any{names[i]}}
	}
	inner, err := p.resolver.format(query.tree)
	if err != nil {
		return err
	}
	first, err := e.sql(p, tableRef("kallad_rows", "kallad_rows"), []any{star()}, true)
	if err != nil {
		return err
	}
	b.stage.Steps = append(b.views, Step{
		Name: "write1", Kind: StepWrite, Partitions: 1,
		SQL: fmt.Sprintf("WITH kallad_rows(%s) AS (%s) %s", strings.Join(quoteAll(names), ", "), inner, first),
	})
	id := p.add(b.stage)
	sql, err := e.sql(p, tableRef("kallad_in_1", "kallad_in_1"), items, false)
	if err != nil {
		return err
	}
	stage := Stage{
		Name: "order", Tasks: 1, Why: []string{"one task brings the rows of all tasks into order"},
		Inputs: []StageInput{{Table: "kallad_in_1", From: &Output{Stage: id, Step: "write1"}, Spread: SpreadAll, Streamed: true}},
	}
	for _, s := range p.Steps {
		s.SQL = sql
		stage.Steps = append(stage.Steps, s)
	}
	stage.Inputs[0].Streamed = len(stage.Steps) == 1
	p.add(stage)
	return nil
}
