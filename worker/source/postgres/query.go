package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"kallad/worker/source"
)

// query is a statement with its parameters in text form.
type query struct {
	sql    string
	params []string
}

// query writes the statement that reads the partition, and returns the
// columns of its result.
func (p *payload) query(scan source.Scan) (query, []column, error) {
	var list []string
	var columns []column
	for _, name := range scan.Columns {
		c := columnNamed(p.Columns, name)
		if c == nil {
			return query{}, nil, fmt.Errorf("the partition was made for a scan without column %q of table %s", name, p.Label)
		}
		expr := pgx.Identifier{c.Attr}.Sanitize()
		if c.Type.Kind == kindCast {
			expr += "::text"
		}
		list, columns = append(list, expr), append(columns, *c)
	}
	where, params, err := conditions(scan.Filters, p.Columns)
	if err != nil {
		return query{}, nil, fmt.Errorf("table %s: %w", p.Label, err)
	}
	if p.From > 0 {
		where = append(where, fmt.Sprintf("ctid >= '(%d,0)'::tid", p.From))
	}
	if p.To > 0 {
		where = append(where, fmt.Sprintf("ctid < '(%d,0)'::tid", p.To))
	}
	sql := "SELECT " + strings.Join(list, ", ") + " FROM " + p.Table
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	return query{sql, params}, columns, nil
}

// read starts to read the partition.
func (s *Source) read(ctx context.Context, scan source.Scan, p *payload) (*stream, error) {
	q, columns, err := p.query(scan)
	if err != nil {
		return nil, err
	}
	conn, err := s.takeSpare(p.Snapshot), error(nil)
	if conn == nil {
		conn, err = s.addr.begin(ctx, s.cfg, p.Snapshot, p.Plain)
	}
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", p.Label, err)
	}
	st, err := newStream(s, p, columns, scan.Rows())
	if err != nil {
		hangUp(ctx, conn)
		return nil, err
	}
	if err := st.start(ctx, conn, q); err != nil {
		_ = st.Close()
		return nil, err
	}
	return st, nil
}
