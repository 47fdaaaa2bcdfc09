package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"kallad/worker/recon"
)

// relation is a table, or what can be read like one, that was found.
type relation struct {
	oid          uint32
	schema, name string
	kind         string // pg_class.relkind
	// lockable is set when LOCK TABLE works on it for this user.
	lockable bool
}

func (r *relation) sql() string { return pgx.Identifier{r.schema, r.name}.Sanitize() }

// lock is the statement that holds the table's form; only for a lockable one.
func (r *relation) lock() string { return "LOCK TABLE " + r.sql() + " IN ACCESS SHARE MODE" }

func (r *relation) String() string { return fmt.Sprintf("%q", r.schema+"."+r.name) }

// relationKinds names pg_class.relkind in messages.
var relationKinds = map[string]string{
	"r": "table", "p": "partitioned table", "v": "view", "m": "materialised view", "f": "foreign table",
	"S": "sequence", "i": "index", "I": "partitioned index", "c": "composite type", "t": "TOAST table",
}

const findQuery = `
SELECT c.oid, n.nspname, c.relname, c.relkind::text,
       c.relkind IN ('r', 'p', 'v') AND has_table_privilege(c.oid, 'SELECT')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = pg_catalog.to_regclass($1)`

// findTable looks the address's table up as written, then folded.
func (a *address) findTable(ctx context.Context, conn *pgx.Conn) (*relation, error) {
	doing := fmt.Sprintf("look up table %q", a.table)
	for _, folded := range []bool{false, true} {
		r := &relation{}
		err := conn.QueryRow(ctx, findQuery, a.table.quoted(folded)).Scan(&r.oid, &r.schema, &r.name, &r.kind, &r.lockable)
		if err == pgx.ErrNoRows {
			continue
		}
		if err != nil {
			return nil, a.explain(ctx, doing, err)
		}
		if !strings.Contains("rpvmf", r.kind) {
			return nil, recon.Input(fmt.Errorf("%s: %s has under that name no table or view, but this: %s", doing, a.server(), relationKinds[r.kind]))
		}
		return r, nil
	}
	names, err := a.tableNames(ctx, conn)
	if err != nil {
		return nil, err
	}
	hint := ""
	if close := recon.Near(a.table.String(), names, 3); len(close) > 0 {
		hint = "; did you mean " + strings.Join(close, ", ") + "?"
	}
	return nil, recon.Input(fmt.Errorf("%s: %s has no table %q%s", doing, a.server(), a.table, hint))
}

const namesQuery = `
SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1 LIMIT 10000`

func (a *address) tableNames(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, namesQuery)
	if err != nil {
		return nil, a.explain(ctx, "list tables", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return names, a.explain(ctx, "list tables", err)
}
