package main

import (
	"fmt"
	"testing"

	"kallad/worker/recon"
	"kallad/worker/source/postgres/pgtest"
)

// gate is a source that does not go on before a test lets it: a view of
// Postgres that waits for a sequence to be moved.
type gate struct {
	db  *pgtest.Database
	uri recon.URI
}

// newGate makes a view with the numbers up to rows, of which the second half
// comes when the gate is open.
func newGate(t *testing.T, rows int) *gate {
	db := pgServer.Database(t)
	db.Exec(t, fmt.Sprintf(`CREATE SEQUENCE gate;
		CREATE FUNCTION passed() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
			WHILE NOT (SELECT is_called FROM gate) LOOP PERFORM pg_sleep(0.005); END LOOP; RETURN 0; END $$;
		CREATE VIEW gated AS
			SELECT n, n %% 1000 AS k FROM generate_series(0, %[1]d) AS n
			UNION ALL
			SELECT n + passed, n %% 1000 FROM (SELECT passed() OFFSET 0) AS g, generate_series(%[1]d + 1, %[2]d) AS n`, rows/2-1, rows-1))
	return &gate{db: db, uri: recon.URI(db.URL("table=gated"))}
}

func (g *gate) open(t *testing.T) { g.db.Exec(t, "SELECT nextval('gate')") }

// hold has a job's left side wait at the gate. The numbers of a gate of ten rows
// have no partners.
func (g *gate) hold(job recon.Job, sql string) recon.Job {
	job.MatchSQL = sql
	job.Sources[0].URI = g.uri
	job.PrimaryKeys["left_src"] = []string{"n"}
	return job
}
