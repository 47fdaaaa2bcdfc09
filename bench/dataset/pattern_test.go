package dataset_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kallad/bench/dataset"
)

// rules are what belongs together in each pattern, as SQL over invoices i and
// payments p, written without regard to how the rows are made.
var rules = map[dataset.Pattern]string{
	dataset.OneToOne: "SELECT i.invoice_id, p.payment_id FROM i JOIN p ON i.invoice_id = p.reference_number AND abs(i.amount - p.paid_amount) <= 0.02",
	dataset.Split: `SELECT i.invoice_id, p.payment_id FROM i JOIN p ON i.invoice_id = p.reference_number
		WHERE abs(i.amount - (SELECT sum(x.paid_amount) FROM p x WHERE x.reference_number = i.invoice_id)) <= 0.02`,
	dataset.Batch: `SELECT i.invoice_id, p.payment_id FROM i JOIN p ON i.order_number = p.reference_number
		WHERE abs(p.paid_amount - (SELECT sum(x.amount) FROM i x WHERE x.order_number = p.reference_number)) <= 0.02`,
	dataset.Cross:  "SELECT i.invoice_id, p.payment_id FROM i JOIN p ON i.order_number = p.reference_number",
	dataset.Skewed: "SELECT i.invoice_id, p.payment_id FROM i JOIN p ON i.invoice_id = p.reference_number AND abs(i.amount - p.paid_amount) <= 0.02",
}

func TestExpectedCountsAreThoseOfThePattern(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	for pattern, rule := range rules {
		for _, rows := range [][2]int64{{1, 0}, {7, 1}, {1003, 203}, {90_001, 22_001}} {
			s := dataset.Spec{Format: dataset.CSV, Pattern: pattern, LeftRows: rows[0], RightRows: rows[1], Seed: 5}
			d := makeData(t, s)
			query := fmt.Sprintf(`WITH i AS MATERIALIZED (%s), p AS MATERIALIZED (%s), m AS MATERIALIZED (%s)
				SELECT (SELECT count(*) FROM m), (SELECT count(*) FROM i WHERE invoice_id NOT IN (SELECT invoice_id FROM m)),
				(SELECT count(*) FROM p WHERE payment_id NOT IN (SELECT payment_id FROM m))`,
				scan(d, d.Left, s.InvoiceColumns()), scan(d, d.Right, s.PaymentColumns()), rule)
			var got dataset.Counts
			require.NoError(t, db.QueryRow(query).Scan(&got.Matched, &got.UnmatchedLeft, &got.UnmatchedRight))
			assert.Equal(t, d.Expected, got, "%s, %d x %d", pattern, rows[0], rows[1])
			if rows[1] > 1000 {
				assert.Positive(t, got.Matched)
				assert.Positive(t, got.UnmatchedRight)
			}
		}
	}
}

func scan(d *dataset.Dataset, f dataset.File, columns []dataset.Column) string {
	var types []string
	for _, c := range columns {
		types = append(types, "'"+c.Name+"': '"+c.SQLType+"'")
	}
	return fmt.Sprintf("SELECT * FROM read_csv('%s', header = true, columns = {%s})", filepath.Join(d.Dir, f.Name), strings.Join(types, ", "))
}

func TestExtraColumns(t *testing.T) {
	t.Parallel()
	s := dataset.Spec{Format: dataset.CSV, LeftRows: 500, RightRows: 400, Seed: 2, Extra: 40}
	wide := makeData(t, s)
	assert.Len(t, column(t, wide, wide.Left, "field_40"), 500)
	assert.Len(t, column(t, wide, wide.Right, "field_01"), 400)
	s.Extra = 0
	narrow := makeData(t, s)
	assert.Equal(t, narrow.Expected, wide.Expected)
	assert.Greater(t, wide.Left.Bytes, 4*narrow.Left.Bytes)
}
