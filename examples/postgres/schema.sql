-- The tables of the example, in a schema of their own.
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS kallad_example CASCADE;
CREATE SCHEMA kallad_example;

CREATE TABLE kallad_example.invoices (
  invoice_id    text PRIMARY KEY,
  customer_id   text NOT NULL,
  customer_name text NOT NULL,
  statement     text,
  issued        date NOT NULL,
  due           date NOT NULL,
  currency      char(3) NOT NULL,
  amount        numeric(18,2) NOT NULL
);

CREATE TABLE kallad_example.payments (
  payment_id       text PRIMARY KEY,
  reference_number text,
  customer_id      text,
  paid_on          date NOT NULL,
  currency         char(3) NOT NULL,
  paid_amount      numeric(18,2) NOT NULL,
  payer            text NOT NULL
);

\copy kallad_example.invoices FROM '../invoices/invoices.csv' WITH (FORMAT csv, HEADER)
\copy kallad_example.payments FROM '../invoices/payments.csv' WITH (FORMAT csv, HEADER)
