#!/bin/bash
# Fills the database of docker-compose.cluster.yml on its first start: the example's tables, and
# recipes for the app that reconcile them from Postgres, from S3, and across the two.
set -euo pipefail

cd /examples/postgres
psql -v ON_ERROR_STOP=1 -q -f schema.sql

psql -v ON_ERROR_STOP=1 -q -v postgres="postgres://$POSTGRES_USER:$POSTGRES_PASSWORD@postgres:5432/$POSTGRES_DB" <<'SQL'
INSERT INTO sources (alias, uri, source_type) VALUES
  ('invoices',     :'postgres' || '?table=kallad_example.invoices', 'postgres'),
  ('payments',     :'postgres' || '?table=kallad_example.payments', 'postgres'),
  ('invoices_csv', 's3://kallad/example/invoices.csv', 'csv'),
  ('payments_csv', 's3://kallad/example/payments.csv', 'csv');

INSERT INTO recipes (recipe_id, name, match_sql, match_description, sources)
SELECT recipe_id, name,
  'SELECT l.invoice_id, r.payment_id, l.amount, r.paid_amount FROM left_src l JOIN right_src r'
  || ' ON l.invoice_id = r.reference_number AND l.currency = r.currency AND tolerance_match(l.amount, r.paid_amount, 0.02)',
  'The payment names the invoice, and the amounts differ by 0.02 at most',
  jsonb_build_object(
    'left',  jsonb_build_object('alias', 'left_src',  'source', left_source,  'primary_key', jsonb_build_array('invoice_id')),
    'right', jsonb_build_object('alias', 'right_src', 'source', right_source, 'primary_key', jsonb_build_array('payment_id')))
FROM (VALUES
  ('example-postgres', 'Invoices and payments in Postgres',     'invoices',     'payments'),
  ('example-s3',       'Invoices and payments on S3',           'invoices_csv', 'payments_csv'),
  ('example-mixed',    'Invoices on S3, payments in Postgres',  'invoices_csv', 'payments')
) AS recipe(recipe_id, name, left_source, right_source);
SQL
