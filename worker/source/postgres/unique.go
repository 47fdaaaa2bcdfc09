package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// What the server keeps unique is told of only where nothing can be wrong
// about it:
//
//   - The index is valid, immediate, over all rows and plain columns, and a
//     B-tree by one of the server's own operator classes. An extension's might
//     tell 1.0 from 1.00, which are one number here.
//   - The table is an ordinary one, read by itself: an index is over no child's
//     rows, and a partition may be attached while the snapshot shows rows of it
//     that were gone when its index was made.
//   - The snapshot is shared, so that it shows the index and the rows alike, and
//     the lock came before it, so that names still mean the columns that they
//     meant then. Whoever drops the index in spite of the lock, CONCURRENTLY,
//     does so for later rows.
//   - What is equal as it is carried is equal to the server, too; see faithful.
//     The other way it need not be: a collation that calls a and A equal keeps
//     out more than has to be.
//
// An index that is damaged is believed. Columns that it only includes have no
// operator class, and are left out by that.
const uniqueQuery = `
SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.at)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = c.relam
CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) WITH ORDINALITY k (attnum, opclass, at)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
JOIN pg_catalog.pg_opclass o ON o.oid = k.opclass
WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indisready AND i.indislive AND i.indimmediate
  AND NOT i.indisexclusion AND i.indpred IS NULL AND i.indexprs IS NULL AND m.amname = 'btree'
GROUP BY i.indexrelid
HAVING bool_and(o.opcnamespace = 'pg_catalog'::pg_catalog.regnamespace)
ORDER BY i.indexrelid`

// uniqueVersion is the first server version of which this is asked: those before
// write a double as a text that has not all of its digits.
const uniqueVersion = 12

// readUnique finds the sets of columns that the server keeps unique.
func (t *table) readUnique(ctx context.Context, conn *pgx.Conn) error {
	if !t.alone || !t.lockable || serverVersion(conn) < uniqueVersion {
		return nil
	}
	rows, err := conn.Query(ctx, uniqueQuery, t.oid)
	if err != nil {
		return err
	}
	sets, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
	if err != nil {
		return err
	}
	encoding := conn.PgConn().ParameterStatus("server_encoding")
	for _, attrs := range sets {
		if names := t.told(attrs, encoding); names != nil {
			t.unique = append(t.unique, names)
		}
	}
	return nil
}

// told returns the names that the columns have here, nil when one of them is
// not read or is carried in a form in which unequal values may look alike.
func (t *table) told(attrs []string, encoding string) []string {
	names := make([]string, len(attrs))
	for i, attr := range attrs {
		at := slices.IndexFunc(t.columns, func(c column) bool { return c.Attr == attr })
		if at < 0 || !t.columns[at].Compare.Kind.faithful(encoding) {
			return nil
		}
		names[i] = t.columns[at].Name
	}
	return names
}

// faithful reports whether two values of the type that are carried alike, in
// its own form or in its text form, are equal to the server. Just any type's
// text form does not say so: two functions can have one name. Nor do texts in
// encodings that have two codes for one character. Types that keys are seldom
// of, lists and intervals, are left out.
func (k kind) faithful(encoding string) bool {
	switch k {
	case kindBool, kindInt2, kindInt4, kindInt8, kindOID, kindFloat4, kindFloat8, kindDecimal, kindNumeric,
		kindDate, kindTime, kindTimestamp, kindTimestampTZ, kindUUID, kindBytes:
		return true
	case kindText, kindChar, kindEnum:
		return encoding == "UTF8" || encoding == "SQL_ASCII"
	}
	return false
}

// settleUnique forgets what was found where the rows may be read at another
// moment.
func (t *table) settleUnique(shared bool) {
	if !shared {
		t.unique = nil
	}
}
