package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/blob/s3test"
	"kallad/worker/recon"
	"kallad/worker/source/postgres/pgtest"
)

// runResult runs a job as a process and returns its result.
func runResult(t *testing.T, dir string, job recon.Job, env ...string) recon.Result {
	t.Helper()
	writeJob(t, dir, job.RunID+".json", job)
	cmd := command(t, dir, "run", "--json", job.RunID+".json")
	cmd.Env = append(cmd.Env, env...)
	o := finish(t, cmd)
	require.Equal(t, 0, o.code, o.err)
	var result recon.Result
	require.NoError(t, json.Unmarshal([]byte(o.out), &result))
	return result
}

// TestEveryKindOfSourceGivesTheSameAnswer runs one reconciliation over the same
// rows from CSV, Parquet, Postgres and S3, in mixed pairs.
func TestEveryKindOfSourceGivesTheSameAnswer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var invoices, payments strings.Builder
	invoices.WriteString("invoice_id,customer,amount,issued\n")
	payments.WriteString("payment_id,reference_number,paid_amount,paid\n")
	for i := range 5000 {
		fmt.Fprintf(&invoices, "%06d,\"Customer, %d\",%d.%02d,2024-01-%02d\n", i, i%50, i, i%100, i%28+1)
		// Every third is off by exactly the tolerance, every seventh by more.
		off := []int{0, 2, 0}[i%3]
		if i%7 == 0 {
			off = 3
		}
		cents := i*100 + i%100 + off
		fmt.Fprintf(&payments, "P%d,%06d,%d.%02d,2024-02-%02d\n", i, i, cents/100, cents%100, i%28+1)
	}
	write(t, dir, "invoices.csv", invoices.String())
	write(t, dir, "payments.csv", payments.String())
	want := 5000 - (5000+6)/7

	sources := map[string][2]recon.URI{"csv": {"invoices.csv", "payments.csv"}}
	// A run that matches nothing leaves both sides whole, as Parquet.
	none := jobOver("none", "SELECT l.invoice_id, r.payment_id FROM left_src l JOIN right_src r ON false")
	none.EvidenceColumns = recon.EvidenceAll
	require.EqualValues(t, 5000, runResult(t, dir, none).UnmatchedLeftCount)
	sources["parquet"] = [2]recon.URI{"out/none/unmatched_left.parquet", "out/none/unmatched_right.parquet"}

	db := pgServer.Database(t)
	db.Exec(t, `CREATE TABLE invoices (invoice_id text PRIMARY KEY, customer text, amount numeric(12,2), issued date);
		CREATE TABLE payments (payment_id text PRIMARY KEY, reference_number text, paid_amount numeric(14,4), paid date)`)
	db.Psql(t, `\copy invoices from '`+filepath.Join(dir, "invoices.csv")+`' csv header`, `\copy payments from '`+filepath.Join(dir, "payments.csv")+`' csv header`)
	sources["postgres"] = [2]recon.URI{recon.URI(db.URL("table=invoices")), recon.URI(db.URL("table=payments"))}

	bucket := s3Server.Bucket(t)
	bucket.Put(t, "in/invoices.csv", []byte(invoices.String()))
	bucket.Put(t, "in/payments.csv", []byte(payments.String()))
	sources["s3"] = [2]recon.URI{recon.URI(bucket.URI("in/invoices.csv")), recon.URI(bucket.URI("in/payments.csv"))}
	keys, err := s3test.Credentials().Retrieve(t.Context())
	require.NoError(t, err)
	env := []string{
		"AWS_ENDPOINT_URL=" + bucket.Endpoint, "AWS_ALLOW_HTTP=true", "AWS_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=" + keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey,
	}

	for left, l := range sources {
		for right, r := range sources {
			job := jobOver(left+"-"+right, joinOnReference)
			job.Sources[0].URI, job.Sources[1].URI = l[0], r[1]
			if left == "s3" {
				job.OutputPath = bucket.URI("out/" + job.RunID)
			}
			result := runResult(t, dir, job, env...)
			require.EqualValues(t, want, result.MatchedCount, job.RunID)
			require.EqualValues(t, 5000-want, result.UnmatchedLeftCount, job.RunID)
			require.EqualValues(t, 5000-want, result.UnmatchedRightCount, job.RunID)
		}
	}
	require.Contains(t, bucket.Keys(t), "out/s3-s3/matched.parquet")
	metadata, err := os.ReadFile(filepath.Join(dir, "out/postgres-csv/metadata.json"))
	require.NoError(t, err)
	require.NotContains(t, string(metadata), "p%40ss")
	require.NotContains(t, string(metadata), pgtest.Password)
}

func TestWrongPostgresSources(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	db := pgServer.Database(t)
	db.Exec(t, "CREATE TABLE invoices (invoice_id text, amount numeric)")
	for _, c := range []struct{ uri, want string }{
		{db.UserURL(pgtest.User, "wrong-Passw0rd", "table=invoices"), "password"},
		{db.URL("table=invoicse"), "invoices"},
		{db.URL("table=nowhere.invoices"), "nowhere"},
	} {
		job := jobOver("wrong", joinOnReference)
		job.Sources[0].URI = recon.URI(c.uri)
		writeJob(t, dir, "wrong.json", job)
		o := kallad(t, dir, "run", "wrong.json")
		require.Equal(t, 2, o.code)
		require.Contains(t, o.err, c.want)
		require.NotContains(t, o.err+o.out, "wrong-Passw0rd")
		require.NotContains(t, o.err+o.out, pgtest.Password)
		require.Empty(t, leftover(t, filepath.Join(dir, "out")))
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	dir := folder(t, joinOnReference)
	o := kallad(t, dir, "inspect", "invoices.csv")
	require.Equal(t, 0, o.code, o.err)
	require.Contains(t, o.out, "decimal(18, 2)")
	require.Contains(t, o.out, "100.00", "money keeps its cents")
	require.Contains(t, o.out, "007")
	o = kallad(t, dir, "inspect", "--json", "--sample", "1", "invoices.csv")
	var doc inspection
	require.NoError(t, json.Unmarshal([]byte(o.out), &doc))
	require.Len(t, doc.Sample, 1)
	require.Equal(t, "INV-001", *doc.Sample[0]["invoice_id"])
	db := pgServer.Database(t)
	db.Exec(t, "CREATE TABLE t (id int, n numeric(10,2)); INSERT INTO t VALUES (1, 2.50)")
	o = kallad(t, dir, "inspect", db.URL("table=t"))
	require.Equal(t, 0, o.code, o.err)
	require.NotContains(t, o.out, "p%40ss")
	require.Equal(t, 2, kallad(t, dir, "inspect", "nowhere.csv").code)
}
