package cell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"kallad/ballista/plan"
)

// Bind returns a binder in a cell. The caller closes it.
func (p *Pool) Bind() (*Binding, error) {
	cell, err := p.take()
	if err != nil {
		return nil, err
	}
	b := &Binding{pool: p, cell: cell}
	if err := b.do(context.Background(), frameBind, nil, &result{}); err != nil {
		// The query is not to blame: nothing of it has got there.
		return nil, errors.Join(fmt.Errorf("internal error: open a session in a process of its own: %s", err.Error()), b.Close())
	}
	b.begun = true
	return b, nil
}

// Binding is a Binder whose session is in a cell. A call that takes too long
// ends with an error, and so do those after it.
type Binding struct {
	pool  *Pool
	cell  *process
	begun bool
	// gone is why there is no process any more.
	gone error
}

func (b *Binding) do(ctx context.Context, kind frameKind, request any, answer interface{ err() error }) error {
	if b.gone != nil {
		return b.gone
	}
	limit, cancel := context.WithTimeoutCause(ctx, b.pool.cfg.BindTime, &SlowError{b.pool.cfg.BindTime})
	defer cancel()
	err := b.cell.guarded(limit, func() error {
		if err := b.cell.request(kind, request); err != nil {
			return err
		}
		if err := b.cell.answer(answer); err != nil {
			return err
		}
		return answer.err()
	})
	if b.cell.broken.Load() {
		b.gone = err
	}
	return err
}

// SlowError is a query that takes too long to be bound.
type SlowError struct{ Limit time.Duration }

func (e *SlowError) Error() string {
	return fmt.Sprintf("the query is so intricate that its plan was not found in %v; write it more simply", e.Limit)
}

// QueryFault reports that the query is to blame.
func (e *SlowError) QueryFault() bool { return true }

// Parse is engine.Session's.
func (b *Binding) Parse(ctx context.Context, sql string) (json.RawMessage, error) {
	var a bindAnswer
	err := b.do(ctx, frameCall, bindCall{Method: methodParse, SQL: sql}, &a)
	return a.Parsed, err
}

// Format is engine.Session's.
func (b *Binding) Format(ctx context.Context, parsed json.RawMessage) (string, error) {
	var a bindAnswer
	err := b.do(ctx, frameCall, bindCall{Method: methodFormat, Parsed: parsed}, &a)
	return a.SQL, err
}

// Bound is engine.Session's.
func (b *Binding) Bound(ctx context.Context, sql string) (json.RawMessage, error) {
	var a bindAnswer
	err := b.do(ctx, frameCall, bindCall{Method: methodBound, SQL: sql}, &a)
	return a.Parsed, err
}

// CreateEmpty is engine.Session's.
func (b *Binding) CreateEmpty(ctx context.Context, table string, schema *arrow.Schema) error {
	return b.do(ctx, frameCall, bindCall{Method: methodCreateEmpty, Table: table, Schema: plan.Schema{Schema: schema}}, &bindAnswer{})
}

// Describe is engine.Session's.
func (b *Binding) Describe(ctx context.Context, sql string) (*arrow.Schema, error) {
	var a bindAnswer
	err := b.do(ctx, frameCall, bindCall{Method: methodDescribe, SQL: sql}, &a)
	return a.Schema.Schema, err
}

// Columns is engine.Session's.
func (b *Binding) Columns(ctx context.Context, sql string) (names, types []string, err error) {
	var a bindAnswer
	err = b.do(ctx, frameCall, bindCall{Method: methodColumns, SQL: sql}, &a)
	return a.Names, a.Types, err
}

// Close ends the session.
func (b *Binding) Close() error {
	var r result
	if b.begun && !b.cell.broken.Load() {
		if err := b.do(context.Background(), frameLeave, nil, &r); err != nil {
			b.cell.broken.Store(true)
		}
	}
	b.pool.give(b.cell, r)
	return nil
}
