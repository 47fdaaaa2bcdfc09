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
//     the greatest magnitude and the largest numbers of digits behind the
//     point, as written and without trailing zeros.
//   - Where 18 digits hold all values as written, the column is decimal(18,s).
//     Otherwise s leaves out the trailing zeros, of which the server's
//     divisions leave many, and the column is decimal(18,s), else decimal(38,s).
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
	// written and needed are the digits behind the point, with and without
	// trailing zeros.
	written, needed int
	// skipped is set when the table was too large to be looked through.
	skipped bool
}

// minScaleVersion is the first server version that knows min_scale.
const minScaleVersion = 13

// probeNumerics looks through all columns that need it in one pass. On a server
// of two cores that took half as long as a COPY of the table.
func (t *table) probeNumerics(ctx context.Context, conn *pgx.Conn, cfg Config) error {
	var names, exprs []string
	for _, c := range t.columns {
		if c.Type.Kind != kindNumeric {
			continue
		}
		names = append(names, c.Name)
		col := pgx.Identifier{c.Attr}.Sanitize()
		needed := "min_scale"
		if serverVersion(conn) < minScaleVersion {
			needed = "scale"
		}
		exprs = append(exprs, fmt.Sprintf("coalesce(max(abs(%s))::text, ''), coalesce(max(scale(%s)), 0), coalesce(max(%s(%s)), 0)", col, col, needed, col))
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
		dest = append(dest, &found[i].greatest, &found[i].written, &found[i].needed)
	}
	if err := conn.QueryRow(ctx, "SELECT "+strings.Join(exprs, ", ")+" FROM "+t.from()).Scan(dest...); err != nil {
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
	precision, scale := shortPrecision, p.written
	if p.greatest != "" {
		var err error
		if precision, err = fitDecimal(p.greatest, p.written); err != nil || precision > shortPrecision {
			scale = p.needed
			precision, err = fitDecimal(p.greatest, p.needed)
		}
		if err != nil {
			return asText, "text: " + err.Error()
		}
	}
	if !shared {
		precision = maxPrecision
	}
	typ := columnType{Kind: kindDecimal, Precision: precision, Scale: scale}
	return typ, fmt.Sprintf("decimal(%d,%d), which holds all its values exactly", precision, scale)
}
