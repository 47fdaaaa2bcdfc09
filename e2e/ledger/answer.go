package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Answer is what a reconciliation finds: rows as texts, in order, so that two
// answers are equal when they say the same.
type Answer struct {
	// Matched are the rows of the query's result.
	Matched []string
	// Left and Right are the keys of the rows that nothing matched.
	Left, Right []string
}

// separator is in none of the values.
const separator = " | "

// Truth is Postgres's own answer.
func Truth(ctx context.Context, conn *pgx.Conn, p Pattern) (Answer, error) {
	texts := make([]string, len(p.Columns))
	for i, c := range p.Columns {
		texts[i] = c + "::text"
	}
	var a Answer
	var err error
	if a.Matched, err = lines(ctx, conn, fmt.Sprintf("SELECT concat_ws('%s', %s) FROM (%s) AS result", separator, strings.Join(texts, ", "), p.SQL)); err != nil {
		return a, err
	}
	// Keys are unique, so that EXCEPT is the anti join on them.
	const unmatched = "SELECT %[1]s FROM %[2]s EXCEPT SELECT %[1]s FROM (%[3]s) AS result"
	if a.Left, err = lines(ctx, conn, fmt.Sprintf(unmatched, "invoice_id", "left_src", p.SQL)); err != nil {
		return a, err
	}
	a.Right, err = lines(ctx, conn, fmt.Sprintf(unmatched, "payment_id", "right_src", p.SQL))
	return a, err
}

func lines(ctx context.Context, conn *pgx.Conn, query string) ([]string, error) {
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("ask Postgres: %w", err)
	}
	slices.Sort(all)
	return all, nil
}
