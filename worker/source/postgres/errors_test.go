package postgres_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/worker/recon"
	"kallad/worker/source/postgres"
	"kallad/worker/source/postgres/pgtest"
)

// Each fault on the way to the table says what, where and what to do, and
// never the password.
func TestConnectFaults(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE invoices (id int)")
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	port := func(p int) string {
		return strings.Replace(db.URL("table=invoices"), fmt.Sprint(db.Port), fmt.Sprint(p), 1)
	}
	host := strings.Replace(db.URL("table=invoices"), "127.0.0.1", "no-such-host.invalid", 1)

	for _, c := range []struct {
		name, uri string
		says      []string
	}{
		{"wrong password", db.UserURL(pgtest.User, "wrong/pass", "table=invoices"), []string{"check the user name and the password", db.Name, fmt.Sprint(db.Port)}},
		{"password in a parameter", fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable&password=wrong%%2Fpass&table=invoices", pgtest.User, db.Port, db.Name), []string{"check the user name and the password"}},
		{"no such user", db.UserURL("nobody_here", "wrong/pass", "table=invoices"), []string{"check the user name and the password"}},
		{"no such database", strings.Replace(db.URL("table=invoices"), "/"+db.Name, "/no_such_db", 1), []string{`"no_such_db"`, "does not exist", "check the database's name"}},
		{"nothing listens", port(1), []string{"127.0.0.1:1", "nothing listens there"}},
		{"no such host", host, []string{"no-such-host.invalid", "check its name"}},
		{"no such socket", "postgres://" + pgtest.User + "@/db?host=/nowhere&table=invoices", []string{"/nowhere", "unix socket"}},
		{"no answer", port(silent.Addr().(*net.TCPAddr).Port), []string{"no answer in time", "connect_timeout"}},
		{"no TLS", strings.Replace(db.URL("table=invoices"), "sslmode=disable", "sslmode=require", 1), []string{"TLS"}},
		{"unknown parameter", db.URL("table=invoices", "no_such_setting=1"), []string{"no_such_setting"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := openWith(t, c.uri, postgres.Config{ConnectTimeout: 500 * time.Millisecond, Local: true}).Describe(context.Background())
			requireInput(t, err, c.says...)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestBadAddresses(t *testing.T) {
	t.Parallel()
	secret := url.QueryEscape(pgtest.Password)
	base := "postgres://kallad:" + secret + "@localhost:5432/db"
	for _, c := range []struct{ uri, says string }{
		{base, "table="},
		{base + "?table=", "table="},
		{base + "?table=a.b.c", "double quotes"},
		{base + `?table="a`, "double quotes"},
		{base + `?table=a"b`, "double quotes"},
		{base + "?table=a.", "no name"},
		{base + "?table=%zz", "percent"},
		{base + "?table=a&table=b", "twice"},
		{base + "?table=a&types=x", "no type"},
		{base + "?table=a&types=x:int", "text"},
		{base + "?table=a&types=x:decimal(39,0)", "38 digits"},
		{base + "?table=a&types=x:decimal(3,4)", "38 digits"},
		{base + "?table=a&sslmode=sometimes", "sslmode"},
		{base + "?table=a&connect_timeout=soon", "connect_timeout"},
		{base + "?table=a&service=nowhere&servicefile=/nowhere", "service"},
		{"postgres://kallad:" + pgtest.Password + "@localhost/db?table=a", ""},
		{"postgres://kallad:some words@localhost/db?table=a", "a blank as %20"},
		{"postgres://kallad:s3@cret@localhost/db?table=a", "write @ as %40"},
		{"postgres://kallad:s3@host/some@localhost:5432/db?table=a", "write @ as %40"},
		{"postgres://kallad:s3@host:some/cret@localhost/db?table=a", "write @ as %40"},
		{"postgres://kallad:some/th?ing@localhost/db?table=a", "/ as %2F"},
		{"postgres://kallad:" + secret + "@localhost:notaport/db?table=a", "port"},
	} {
		_, err := postgres.New(postgres.Config{}).Open(context.Background(), recon.URI(c.uri))
		requireInput(t, err, c.says)
		for _, shown := range []string{"some", "s3", "cret@"} {
			require.NotContains(t, strings.ReplaceAll(err.Error(), "sometimes", ""), shown)
		}
	}
}

func TestTypesOfUnknownColumns(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t (amount numeric, day date)")
	_, err := open(t, db.URL("table=t", "types=amuont:text")).Describe(context.Background())
	requireInput(t, err, "types", `"amuont"`, "did you mean amount")
	_, err = open(t, db.URL("table=t", "types=day:decimal(3,2)")).Describe(context.Background())
	requireInput(t, err, "types", `"day" is date`)
}

// Every form of address that libpq knows reaches the same table.
func TestAddressForms(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t AS SELECT 'here' AS v")
	secret := url.QueryEscape(pgtest.Password)
	dir := t.TempDir()
	write(t, dir+"/pass", 0o600, "127.0.0.1:*:*:"+pgtest.User+":"+strings.ReplaceAll(pgtest.Password, ":", `\:`)+"\n")
	write(t, dir+"/service", 0o600, fmt.Sprintf("[books]\nhost=127.0.0.1\nport=%d\ndbname=%s\nuser=%s\n", db.Port, db.Name, pgtest.User))
	for name, uri := range map[string]string{
		"postgresql scheme": "postgresql" + strings.TrimPrefix(db.URL("table=t"), "postgres"),
		"upper-case scheme": "Postgres" + strings.TrimPrefix(db.URL("table=t"), "postgres"),
		"unix socket":       fmt.Sprintf("postgres://%s@/%s?host=%s&port=%d&table=t", pgtest.User, db.Name, url.QueryEscape(db.Socket), db.Port),
		"two hosts":         fmt.Sprintf("postgres://%s:%s@127.0.0.1:1,127.0.0.1:%d/%s?sslmode=disable&table=t", pgtest.User, secret, db.Port, db.Name),
		"all parameters":    fmt.Sprintf("postgres:///?host=127.0.0.1&port=%d&dbname=%s&user=%s&password=%s&table=t", db.Port, db.Name, pgtest.User, secret),
		"password file":     fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?passfile=%s&table=t", pgtest.User, db.Port, db.Name, dir+"/pass"),
		"service":           fmt.Sprintf("postgres://?service=books&servicefile=%s&passfile=%s&table=t", dir+"/service", dir+"/pass"),
		"sslmode prefer":    strings.Replace(db.URL("table=t"), "sslmode=disable", "sslmode=prefer", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := readErr(t, openWith(t, uri, postgres.Config{Local: true}))
			require.NoError(t, err)
			require.Equal(t, []string{"here"}, rows)
		})
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, `CREATE VIEW t AS SELECT current_setting('application_name') AS app, current_setting('statement_timeout') AS timeout`)
	cfg := postgres.Config{StatementTimeout: 90 * time.Second}
	for _, c := range []struct {
		cfg    postgres.Config
		params []string
		want   string
	}{
		{postgres.Config{}, nil, "kallad|0"},
		{postgres.Config{ApplicationName: "books"}, nil, "books|0"},
		{cfg, nil, "kallad|90s"},
		{cfg, []string{"application_name=audit", "statement_timeout=7000"}, "audit|7s"},
		{cfg, []string{"options=-c%20statement_timeout%3D8000"}, "kallad|8s"},
	} {
		rows, err := readErr(t, openWith(t, db.URL(append(c.params, "table=t")...), c.cfg))
		require.NoError(t, err)
		require.Equal(t, []string{c.want}, rows)
	}
}

func TestStatementTimeout(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE VIEW t AS SELECT n, pg_sleep(0.05)::text FROM generate_series(1, 1000) n")
	_, err := readErr(t, open(t, db.URL("table=t", "statement_timeout=200")))
	requireInput(t, err, "statement_timeout", `"public.t"`)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	cfg := postgres.Config{MaxFieldBytes: 2 << 30, BatchBytes: -1, ConnectTimeout: -1, PartitionPages: -1}
	for _, name := range []string{"MaxFieldBytes", "BatchBytes", "timeouts", "PartitionPages"} {
		require.ErrorContains(t, cfg.Validate(), name)
	}
	_, err := postgres.New(cfg).Open(context.Background(), "postgres://h/d?table=t")
	require.ErrorContains(t, err, "MaxFieldBytes")
}
