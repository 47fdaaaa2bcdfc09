package ledger

// Pattern is one way of matching. Its query runs both in the product and in
// Postgres.
type Pattern struct {
	// Name is the pattern's, fit for a run_id.
	Name string
	// SQL is the match_sql. Its result begins with invoice_id and payment_id.
	SQL string
	// Columns are those of its result.
	Columns []string
}

// Patterns are all patterns of the trade: one to one within a tolerance, one to
// many, many to one, many to many, and rules in order.
func Patterns() []Pattern {
	return []Pattern{
		{"one-to-one", `
SELECT l.invoice_id, r.payment_id, l.amount, r.paid_amount
FROM left_src l JOIN right_src r ON l.invoice_id = r.reference AND l.currency = r.currency
 AND tolerance_match(l.amount, r.paid_amount, 0.02)`,
			[]string{"invoice_id", "payment_id", "amount", "paid_amount"}},
		{"one-to-many", `
WITH paid AS (
  SELECT reference, currency, sum(paid_amount) AS total, count(*) AS parts FROM right_src GROUP BY reference, currency
)
SELECT l.invoice_id, r.payment_id, l.amount, p.total, p.parts
FROM left_src l
JOIN paid p ON p.reference = l.invoice_id AND p.currency = l.currency AND tolerance_match(l.amount, p.total, 0.02)
JOIN right_src r ON r.reference = p.reference AND r.currency = p.currency`,
			[]string{"invoice_id", "payment_id", "amount", "total", "parts"}},
		{"many-to-one", `
WITH billed AS (
  SELECT statement, currency, sum(amount) AS total FROM left_src WHERE statement IS NOT NULL GROUP BY statement, currency
)
SELECT l.invoice_id, r.payment_id, b.total, r.paid_amount
FROM billed b
JOIN right_src r ON r.reference = b.statement AND r.currency = b.currency AND tolerance_match(b.total, r.paid_amount, 0.02)
JOIN left_src l ON l.statement = b.statement AND l.currency = b.currency`,
			[]string{"invoice_id", "payment_id", "total", "paid_amount"}},
		{"many-to-many", `
WITH billed AS (SELECT customer_id, currency, sum(amount) AS total FROM left_src GROUP BY customer_id, currency),
     paid AS (SELECT customer_id, currency, sum(paid_amount) AS total FROM right_src GROUP BY customer_id, currency)
SELECT l.invoice_id, r.payment_id, b.total AS billed, p.total AS paid
FROM billed b
JOIN paid p ON p.customer_id = b.customer_id AND p.currency = b.currency AND tolerance_match(b.total, p.total, 0.00)
JOIN left_src l ON l.customer_id = b.customer_id AND l.currency = b.currency
JOIN right_src r ON r.customer_id = p.customer_id AND r.currency = p.currency`,
			[]string{"invoice_id", "payment_id", "billed", "paid"}},
		{"cascade", `
WITH exact AS (
  SELECT l.invoice_id, r.payment_id, 'exact' AS rule_name
  FROM left_src l JOIN right_src r ON l.invoice_id = r.reference AND l.currency = r.currency AND l.amount = r.paid_amount
), near AS (
  SELECT l.invoice_id, r.payment_id, 'near' AS rule_name
  FROM left_src l JOIN right_src r ON l.invoice_id = r.reference AND l.currency = r.currency AND tolerance_match(l.amount, r.paid_amount, 0.02)
  WHERE l.invoice_id NOT IN (SELECT invoice_id FROM exact) AND r.payment_id NOT IN (SELECT payment_id FROM exact)
), paid AS (
  SELECT reference, currency, sum(paid_amount) AS total FROM right_src
  WHERE payment_id NOT IN (SELECT payment_id FROM exact) AND payment_id NOT IN (SELECT payment_id FROM near)
  GROUP BY reference, currency
), split AS (
  SELECT l.invoice_id, r.payment_id, 'split' AS rule_name
  FROM left_src l
  JOIN paid p ON p.reference = l.invoice_id AND p.currency = l.currency AND tolerance_match(l.amount, p.total, 0.02)
  JOIN right_src r ON r.reference = p.reference AND r.currency = p.currency
  WHERE l.invoice_id NOT IN (SELECT invoice_id FROM exact) AND l.invoice_id NOT IN (SELECT invoice_id FROM near)
    AND r.payment_id NOT IN (SELECT payment_id FROM exact) AND r.payment_id NOT IN (SELECT payment_id FROM near)
), customer AS (
  SELECT l.invoice_id, r.payment_id, 'customer' AS rule_name
  FROM left_src l JOIN right_src r ON l.customer_id = r.customer_id AND l.currency = r.currency AND l.amount = r.paid_amount
  WHERE r.reference IS NULL
)
SELECT * FROM exact UNION ALL SELECT * FROM near UNION ALL SELECT * FROM split UNION ALL SELECT * FROM customer`,
			[]string{"invoice_id", "payment_id", "rule_name"}},
	}
}

// Named returns the pattern of that name.
func Named(name string) Pattern {
	for _, p := range Patterns() {
		if p.Name == name {
			return p
		}
	}
	panic("no pattern " + name)
}
