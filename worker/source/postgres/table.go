package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/jackc/pgx/v5"

	"kallad/worker/recon"
	"kallad/worker/source"
)

// table is what is known of the table at the session's moment.
type table struct {
	relation
	columns []column
	// hidden are columns that the user may not read.
	hidden []string
	// pages are the sizes of the table's heaps, in pages: one for a table,
	// those of all partitions and children for others, none for a view.
	pages []int64
	// alone is set for an ordinary table without children or partitions.
	alone bool
	// unique are the sets of columns that the server keeps unique.
	unique [][]string
	// whole says why the table can't be split; "" when it can.
	whole string
	// anyBytes is set when the database's texts may be no UTF-8.
	anyBytes    bool
	rows, bytes int64
	// maxPartitions is at least 1.
	maxPartitions int
	probes        map[string]probe
	notes         []string
}

func (s *Source) describeTable(ctx context.Context, conn *pgx.Conn, found *relation) (*table, error) {
	t := &table{relation: *found, rows: -1, bytes: -1, probes: map[string]probe{}}
	t.anyBytes = holdsAnyBytes(conn)
	doing := fmt.Sprintf("describe table %s", found)
	for _, step := range []func(context.Context, *pgx.Conn) error{t.readPages, t.readEstimate} {
		if err := step(ctx, conn); err != nil {
			return nil, s.addr.explain(ctx, doing, err)
		}
	}
	if err := t.readColumns(ctx, conn); err != nil {
		return nil, s.addr.explain(ctx, doing, err)
	}
	if err := t.readUnique(ctx, conn); err != nil {
		return nil, s.addr.explain(ctx, doing, err)
	}
	if err := t.overrideTypes(s.addr.types); err != nil {
		return nil, recon.Input(fmt.Errorf("table %s: types in the address: %w", found, err))
	}
	if err := t.probeNumerics(ctx, conn, s.cfg); err != nil {
		return nil, s.addr.explain(ctx, doing, err)
	}
	if v := serverVersion(conn); t.whole == "" && v < tidRangeVersion {
		t.whole = fmt.Sprintf("the server is of version %d, and only %d and later read a range of pages by itself", v, tidRangeVersion)
	}
	t.maxPartitions = int(max(1, min(t.heapPages()/s.cfg.PartitionPages, math.MaxInt32)))
	return t, nil
}

// treeQuery lists the heaps that a SELECT from the table reads.
const treeQuery = `
WITH RECURSIVE tree(oid) AS (
  SELECT $1::pg_catalog.oid
  UNION
  SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree t ON i.inhparent = t.oid)
SELECT c.relkind::text, coalesce(a.amname, ''),
       CASE WHEN c.relkind IN ('r', 'm') THEN
         pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint ELSE 0 END
FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
ORDER BY c.oid`

// readPages finds the heaps' sizes, after the snapshot was taken: what it
// shows is in pages that exist by now, and what comes later it does not show.
func (t *table) readPages(ctx context.Context, conn *pgx.Conn) error {
	if t.kind == "v" || t.kind == "f" {
		t.whole = "it is a " + relationKinds[t.kind]
		return nil
	}
	rows, err := conn.Query(ctx, treeQuery, t.oid)
	if err != nil {
		return err
	}
	var kind, method string
	var pages int64
	members := 0
	_, err = pgx.ForEachRow(rows, []any{&kind, &method, &pages}, func() error {
		members++
		switch {
		case kind == "f":
			t.whole = "one of its partitions is a foreign table"
		case (kind == "r" || kind == "m") && method != "heap":
			t.whole = fmt.Sprintf("it is stored by the access method %q", method)
		case kind != "p":
			t.pages = append(t.pages, pages)
		}
		return nil
	})
	t.alone = t.kind == "r" && members == 1
	return err
}

// from is the table in a FROM clause. Who has a table alone goes on to read
// just that: what becomes its child later was not there at the moment, but
// shows its rows of then.
func (t *table) from() string {
	if t.alone {
		return "ONLY " + t.sql()
	}
	return t.sql()
}

// heapPages returns the table's size in pages, 0 when it can't be split.
func (t *table) heapPages() (sum int64) {
	if t.whole != "" {
		return 0
	}
	for _, n := range t.pages {
		sum += n
	}
	return sum
}

// readEstimate asks the planner, who knows of views and recent growth, too.
func (t *table) readEstimate(ctx context.Context, conn *pgx.Conn) error {
	var text string
	if err := conn.QueryRow(ctx, "EXPLAIN (FORMAT JSON) SELECT FROM "+t.from()).Scan(&text); err != nil {
		return err
	}
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		} `json:"Plan"`
	}
	if err := json.Unmarshal([]byte(text), &plans); err != nil || len(plans) == 0 {
		return fmt.Errorf("read the planner's estimate: %w", err)
	}
	t.rows = int64(plans[0].Plan.Rows)
	if t.whole == "" {
		t.bytes = t.heapPages() * pageBytes
		if t.bytes == 0 {
			t.rows = 0
		}
	}
	return nil
}

// pageBytes is the size of a page of nearly every server; used for estimates.
const pageBytes = 8192

// columnsQuery resolves domains to the types under them. A constraint NOT NULL
// that is not valid yet says nothing of the rows that were there before it.
const columnsQuery = `
WITH RECURSIVE col AS (
  SELECT a.attnum, a.attname, a.atttypid AS typ, a.atttypmod AS typmod, a.attnotnull, 0 AS depth,
         pg_catalog.format_type(a.atttypid, a.atttypmod) AS decl
  FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT c.attnum, c.attname, t.typbasetype, CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE c.typmod END,
         c.attnotnull, c.depth + 1, c.decl
  FROM col c JOIN pg_catalog.pg_type t ON t.oid = c.typ WHERE t.typtype = 'd')
SELECT c.attname, c.decl, t.oid, t.typtype = 'e', c.typmod,
       CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END, coalesce(e.typtype = 'e', false),
       c.attnotnull AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint n
         WHERE n.conrelid = $1 AND n.contype = 'n' AND n.conkey = ARRAY[c.attnum] AND NOT n.convalidated),
       pg_catalog.has_column_privilege($1::pg_catalog.oid, c.attnum, 'SELECT')
FROM col c JOIN pg_catalog.pg_type t ON t.oid = c.typ LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
WHERE t.typtype <> 'd' ORDER BY c.attnum`

func (t *table) readColumns(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, columnsQuery, t.oid)
	if err != nil {
		return err
	}
	var c column
	var elem uint32
	var enum, elemEnum, notNull, readable bool
	var typmod int32
	_, err = pgx.ForEachRow(rows, []any{&c.Attr, &c.Decl, &c.OID, &enum, &typmod, &elem, &elemEnum, &notNull, &readable}, func() error {
		if !readable {
			t.hidden = append(t.hidden, c.Attr)
			return nil
		}
		c.Name = t.uniqueName(c.Attr)
		c.Type = typeOf(c.OID, enum, typmod, elem, elemEnum)
		c.Compare = c.Type
		c.nullable = !notNull || !t.alone
		t.columns = append(t.columns, c)
		return nil
	})
	return err
}

// uniqueName numbers a name that another column has in other letter case.
func (t *table) uniqueName(attr string) string {
	name := attr
	for i := 2; slices.ContainsFunc(t.columns, func(c column) bool { return strings.EqualFold(c.Name, name) }); i++ {
		name = fmt.Sprintf("%s_%d", attr, i)
	}
	if name != attr {
		t.notes = append(t.notes, fmt.Sprintf("column %q is named %q here, because names are told apart without regard to letter case", attr, name))
	}
	return name
}

// overrideTypes applies the types that the address names.
func (t *table) overrideTypes(types map[string]columnType) error {
	for name, typ := range types {
		c, err := t.column(name)
		if err != nil {
			return err
		}
		if typ.Kind == kindDecimal && c.OID != oidNumeric {
			return fmt.Errorf("column %q is %s; decimal(p,s) is for numeric columns", name, c.Decl)
		}
		c.Type, c.forced = typ, true
	}
	return nil
}

// column finds a column by its exact name.
func (t *table) column(name string) (*column, error) {
	var names []string
	for i := range t.columns {
		if t.columns[i].Name == name {
			return &t.columns[i], nil
		}
		names = append(names, t.columns[i].Name)
	}
	if slices.Contains(t.hidden, name) {
		return nil, fmt.Errorf("the user of the address may not read column %q of table %s; grant SELECT on it", name, &t.relation)
	}
	hint := "its columns are " + strings.Join(names, ", ")
	if close := recon.Near(name, names, 3); len(close) > 0 {
		hint = "did you mean " + strings.Join(close, ", ") + "?"
	}
	return nil, fmt.Errorf("table %s has no column %q; %s", &t.relation, name, hint)
}

// settle draws the conclusions that need the whole session.
func (t *table) settle(sess *session) {
	t.settleNumerics(sess.snapshot != "")
	t.settleUnique(sess.snapshot != "")
	for i := range t.columns {
		if c := &t.columns[i]; c.Type.Kind == kindCast {
			c.OID = oidText
		}
	}
	if t.whole == "" && sess.snapshot == "" && t.maxPartitions > 1 {
		t.whole = sess.refusal
	}
	if t.whole != "" {
		t.maxPartitions = 1
		t.notes = append(t.notes, fmt.Sprintf("table %s is read in one piece: %s", &t.relation, t.whole))
	}
	if texts := t.castColumns(); len(texts) > 0 {
		t.notes = append(t.notes, "carried in Postgres' text form: "+strings.Join(texts, ", "))
	}
	if len(t.hidden) > 0 {
		t.notes = append(t.notes, "left out, because the user of the address may not read them: "+strings.Join(t.hidden, ", "))
	}
}

func (t *table) castColumns() (names []string) {
	for _, c := range t.columns {
		if c.Type.Kind == kindCast && !c.forced {
			names = append(names, fmt.Sprintf("%s (%s)", c.Name, c.Decl))
		}
	}
	return names
}

func (t *table) description() *source.Description {
	fields := make([]arrow.Field, len(t.columns))
	for i, c := range t.columns {
		fields[i] = arrow.Field{Name: c.Name, Type: c.Type.arrowType(), Nullable: c.nullable}
	}
	return &source.Description{
		Schema: arrow.NewSchema(fields, nil), Rows: t.rows, Bytes: t.bytes,
		MaxPartitions: t.maxPartitions, Unique: slices.Clone(t.unique), Notes: slices.Clone(t.notes),
	}
}
