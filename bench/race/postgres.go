package race

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"kallad/bench/dataset"
	"kallad/bench/scenario"
	"kallad/bench/server"
)

// openPostgres loads the data into a Postgres, which runs until it is released.
func openPostgres(ctx context.Context, s scenario.Scenario, data *dataset.Dataset) (*place, error) {
	pg, err := server.Start(ctx)
	if err != nil {
		return nil, err
	}
	if err := load(ctx, pg, data); err != nil {
		return nil, errors.Join(fmt.Errorf("load postgres: %w", err), pg.Stop())
	}
	p := &place{left: pg.URL("table=invoices"), right: pg.URL("table=payments"), release: pg.Stop, peers: map[string]command{
		scenario.PostgresCounts: postgresCounts{pg: pg, scenario: s},
		scenario.PsqlCopy:       psqlCopy{pg: pg, scenario: s},
	}}
	return p, nil
}

// load makes the two tables with their primary keys, as such tables have them,
// and brings their pages and statistics into the state of a table that was
// not written to lately.
func load(ctx context.Context, pg *server.Server, data *dataset.Dataset) error {
	for _, t := range []struct {
		name    string
		file    dataset.File
		columns []dataset.Column
	}{
		{"invoices", data.Left, data.Spec.InvoiceColumns()},
		{"payments", data.Right, data.Spec.PaymentColumns()},
	} {
		columns := make([]string, len(t.columns))
		for i, c := range t.columns {
			columns[i] = c.Name + " " + c.SQLType
		}
		path := strings.ReplaceAll(filepath.Join(data.Dir, t.file.Name), "'", "''")
		_, err := pg.Exec(ctx,
			fmt.Sprintf("CREATE TABLE %s (%s)", t.name, strings.Join(columns, ", ")),
			fmt.Sprintf(`\copy %s FROM '%s' WITH (FORMAT csv, HEADER)`, t.name, path),
			fmt.Sprintf("ALTER TABLE %s ADD PRIMARY KEY (%s)", t.name, t.columns[0].Name),
			"VACUUM (ANALYZE, FREEZE) "+t.name,
		)
		if err != nil {
			return err
		}
	}
	_, err := pg.Exec(ctx, "CHECKPOINT")
	return err
}

// postgresCounts lets Postgres count by itself.
type postgresCounts struct {
	pg       *server.Server
	scenario scenario.Scenario
}

func (p postgresCounts) name() string     { return scenario.PostgresCounts }
func (p postgresCounts) about() string    { return scenario.Peers()[p.name()] + "; " + settings() }
func (p postgresCounts) worksAlone() bool { return false }

func (p postgresCounts) prepare(string) ([]string, error) {
	return p.pg.Psql(p.scenario.CountsSQL...), nil
}

func (p postgresCounts) outcome(stdout []byte) (outcome, error) {
	c := &dataset.Counts{}
	if _, err := fmt.Sscan(string(stdout), &c.Matched, &c.UnmatchedLeft, &c.UnmatchedRight); err != nil {
		return outcome{}, fmt.Errorf("read three counts from %q: %w", stdout, err)
	}
	return outcome{counts: c}, nil
}

// psqlCopy reads what the query needs, in one stream, and drops it.
type psqlCopy struct {
	pg       *server.Server
	scenario scenario.Scenario
}

func (p psqlCopy) name() string     { return scenario.PsqlCopy }
func (p psqlCopy) about() string    { return scenario.Peers()[p.name()] }
func (p psqlCopy) worksAlone() bool { return false }

func (p psqlCopy) prepare(string) ([]string, error) {
	return p.pg.Psql(p.statement("invoices", p.scenario.LeftColumns), p.statement("payments", p.scenario.RightColumns)), nil
}

// statement is psql's own \copy, which writes to a file of psql's side.
func (p psqlCopy) statement(table string, columns []string) string {
	return fmt.Sprintf(`\copy %s (%s) TO '/dev/null' (FORMAT binary)`, table, strings.Join(columns, ", "))
}

func (p psqlCopy) outcome([]byte) (outcome, error) { return outcome{}, nil }

func settings() string { return "settings " + strings.Join(server.Settings(), ", ") }
