package plan

// final makes the last stages: those of the whole query.
func (p *planner) final(query *relation, small bool) (Graph, *Output, error) {
	end, err := p.end(query)
	if err != nil {
		return Graph{}, nil, err
	}
	s := p.solve(root{query: query})
	if p.ctx.Err() != nil {
		return Graph{}, nil, p.ctx.Err()
	}
	if s.assignment == nil && len(s.parts) == 0 {
		return Graph{}, nil, &unsplittable{s.why}
	}
	hope := p.hope(s)
	if hope != nil && small {
		s.assignment = &assignment{places: hope.places, spot: s.assignment.spot}
	}
	b := p.newBuilder(s, "match")
	if s.assignment == nil {
		b.stage.Why = append(b.stage.Why, "one task does this: "+s.why)
	}
	if hope != nil {
		b.first = hope.leaf
	}
	graph, err := p.finish(b, end, query)
	return graph, b.firstOutput, err
}

// finish makes the stage that computes the query's result, and those after it.
func (p *planner) finish(b *builder, end *ending, query *relation) (Graph, error) {
	answers := make([]*answer, len(p.Lookups))
	for i := range p.Lookups {
		var err error
		if answers[i], err = b.answer(&p.Lookups[i]); err != nil {
			return Graph{}, err
		}
	}
	for _, a := range answers {
		if err := b.admit(a); err != nil {
			return Graph{}, err
		}
	}
	if err := b.leaves(); err != nil {
		return Graph{}, err
	}
	if end != nil && b.solution.assignment != nil {
		err := p.last(b, end, query)
		p.countOnce()
		return Graph{Stages: p.stages}, err
	}
	if end != nil {
		// One task computes the rows and can order them, too.
		query.tree["modifiers"] = append(list(query.tree, "modifiers"), end.tail()...)
	}
	sql, err := p.resolver.format(query.tree)
	if err != nil {
		return Graph{}, err
	}
	b.stage.Steps = append(b.views, p.resultSteps(sql)...)
	for _, a := range answers {
		b.here(a)
	}
	id := p.add(b.stage)
	for _, a := range answers {
		b.apart(a, id)
		b.fetch(a, id)
	}
	p.countOnce()
	return Graph{Stages: p.stages}, nil
}

// countOnce marks all but one of the inputs that read a source.
func (p *planner) countOnce() {
	read := map[string]bool{}
	for i := range p.stages {
		for j := range p.stages[i].Inputs {
			in := &p.stages[i].Inputs[j]
			if in.Source != "" {
				in.Again, read[in.Source] = read[in.Source], true
			}
		}
	}
}
