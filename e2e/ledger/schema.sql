-- Invoices and payments, made from their numbers alone: the same rows every time.
-- The number of rows is the setting ledger.rows.
--
-- What happens to invoice i is i % 20:
--    0 to  7  one payment of the same amount; the eight share a customer
--    8        one payment, off by 0.02
--    9        one payment, off by 0.03
--   10, 11    two to four parts, which add up
--   12        two parts, which lack 0.05
--   13 to 15  one payment for all invoices of a statement
--   16        nothing
--   17        one payment that names no invoice
--   18        one payment in another currency
--   19        two payments of the whole amount

CREATE TABLE invoices (
  invoice_id  text PRIMARY KEY,
  customer_id text NOT NULL,
  statement   text,
  issued      date NOT NULL,
  currency    char(3) NOT NULL,
  amount      numeric(18,2) NOT NULL,
  memo        text
);

CREATE TABLE payments (
  payment_id  text PRIMARY KEY,
  reference   text,
  customer_id text NOT NULL,
  paid_on     date NOT NULL,
  currency    char(3) NOT NULL,
  paid_amount numeric(18,2) NOT NULL,
  payer       text NOT NULL
);

INSERT INTO invoices
SELECT lpad(i::text, 9, '0'),
       CASE WHEN i % 20 < 8 THEN 'C' || i / 20 ELSE 'D' || i END,
       CASE WHEN i % 20 BETWEEN 13 AND 15 THEN 'ST-' || i / 100 END,
       date '2026-01-01' + i % 365,
       CASE WHEN i % 3 = 0 AND i % 20 NOT BETWEEN 13 AND 15 THEN 'USD' ELSE 'EUR' END,
       (i::bigint * 7919 % 1000000 + 1)::numeric / 100,
       CASE i % 7 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'fee, "net"' WHEN 3 THEN E'two\nlines' WHEN 4 THEN 'Zürich ü ' ELSE 'no. ' || i END
FROM generate_series(1, current_setting('ledger.rows')::int) i;

-- One payment per row: how it differs from the invoice, and what it names.
INSERT INTO payments
SELECT 'P' || lpad(row_number() OVER (ORDER BY number, part)::text, 9, '0'),
       reference, customer_id, issued + part, paid_in, paid, 'payer of ' || customer_id
FROM (
  SELECT invoice_id AS number, p.part, v.customer_id, v.issued,
         CASE WHEN kind = 17 THEN NULL ELSE v.invoice_id END AS reference,
         CASE WHEN kind = 18 THEN 'GBP' ELSE v.currency END AS paid_in,
         CASE
           WHEN kind = 8 THEN v.amount - 0.02
           WHEN kind = 9 THEN v.amount - 0.03
           WHEN kind BETWEEN 10 AND 12 AND p.part = p.parts THEN
             v.amount - (p.parts - 1) * trunc(v.amount / p.parts, 2) - CASE WHEN kind = 12 THEN 0.05 ELSE 0 END
           WHEN kind BETWEEN 10 AND 12 THEN trunc(v.amount / p.parts, 2)
           ELSE v.amount
         END AS paid
  FROM (SELECT *, invoice_id::bigint % 20 AS kind FROM invoices) v
  CROSS JOIN LATERAL (
    SELECT part, parts
    FROM (SELECT CASE WHEN kind BETWEEN 10 AND 11 THEN 2 + (invoice_id::bigint / 20 % 3)::int WHEN kind IN (12, 19) THEN 2 ELSE 1 END AS parts) n,
         generate_series(1, n.parts) part
  ) p
  WHERE kind NOT BETWEEN 13 AND 16
  UNION ALL
  SELECT min(invoice_id), 1, 'S' || statement, min(issued), statement, currency, sum(amount)
  FROM invoices WHERE statement IS NOT NULL GROUP BY statement, currency
  UNION ALL
  SELECT 'x' || i, 1, 'X' || i, date '2026-06-01', 'unknown ' || i, 'EUR', (i % 100000 + 1)::numeric / 100
  FROM generate_series(1, current_setting('ledger.rows')::int / 50) i
) AS paid_out;

ANALYZE invoices, payments;

-- What the product's macro means, in Postgres's exact numerics.
CREATE FUNCTION tolerance_match(a numeric, b numeric, t numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE AS 'SELECT abs(a - b) <= t';

CREATE VIEW left_src AS SELECT * FROM invoices;
CREATE VIEW right_src AS SELECT * FROM payments;
