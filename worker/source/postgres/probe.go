package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A numeric column that is declared without a scale, or with more digits than
// a decimal has, may hold anything. It is carried by this rule, which rounds
// nothing:
//
//   - The table is looked through, under the snapshot that is also read, for
//     the largest number of digits behind the point and the greatest magnitude.
//   - Where 18 or else 38 digits hold both, the column is decimal(18,s) or
//     decimal(38,s), with s the largest number of digits behind the point.
//   - Else, or with a NaN or an infinity in it, it is carried as text. So it is
//     in a table of more than Config.ProbeRows rows, which is not looked
//     through; types=column:decimal(p,s) in the address then names the type.
//
// A value that does not fit after all, because there was no snapshot to share
// or the address named the type, is an error when it is read.

// probe is what a column's data was found to need.
type probe struct {
	// greatest is the text of the greatest magnitude, "" without any value.
	greatest string
	scale    int
	// skipped is set when the table was too large to be looked through.
	skipped bool
}

// probeNumerics looks through all columns that need it in one pass.
func (t *table) probeNumerics(ctx context.Context, conn *pgx.Conn, cfg Config) error {
	var names, exprs []string
	for _, c := range t.columns {
		if c.Type.Kind != kindNumeric {
			continue
		}
		names = append(names, c.Name)
		col := pgx.Identifier{c.Attr}.Sanitize()
		exprs = append(exprs, fmt.Sprintf("coalesce(max(abs(%s))::text, ''), coalesce(max(scale(%s)), 0)", col, col))
	}
	if len(names) == 0 {
		return nil
	}
	if t.whole == "" && t.rows > cfg.ProbeRows {
		for _, name := range names {
			t.probes[name] = probe{skipped: true}
		}
		return nil
	}
	found := make([]probe, len(names))
	var dest []any
	for i := range found {
		dest = append(dest, &found[i].greatest, &found[i].scale)
	}
	if err := conn.QueryRow(ctx, "SELECT "+strings.Join(exprs, ", ")+" FROM "+t.sql()).Scan(dest...); err != nil {
		return err
	}
	for i, name := range names {
		t.probes[name] = found[i]
	}
	return nil
}

// settleNumerics gives the probed columns their types. Without a shared
// snapshot the data may yet change, so the digits are all that there are.
func (t *table) settleNumerics(shared bool) {
	for i := range t.columns {
		c := &t.columns[i]
		if c.Type.Kind != kindNumeric {
			continue
		}
		typ, note := t.probes[c.Name].decide(shared)
		c.Type = typ
		t.notes = append(t.notes, fmt.Sprintf("column %q (%s) is carried as %s", c.Name, c.Decl, note))
	}
}

func (p probe) decide(shared bool) (columnType, string) {
	asText := columnType{Kind: kindCast}
	if p.skipped {
		return asText, "text: the table is too large to find its digits by looking; name them with types=column:decimal(p,s) in the address"
	}
	precision := 18
	if p.greatest != "" {
		var err error
		if precision, err = fitDecimal(p.greatest, p.scale); err != nil {
			return asText, "text: " + err.Error()
		}
	}
	if !shared {
		precision = maxPrecision
	}
	typ := columnType{Kind: kindDecimal, Precision: precision, Scale: p.scale}
	return typ, fmt.Sprintf("decimal(%d,%d), which holds all its values exactly", precision, p.scale)
}
