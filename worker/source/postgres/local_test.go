package postgres_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/worker/reach"
	"kallad/worker/recon"
	"kallad/worker/source"
	"kallad/worker/source/postgres"
	"kallad/worker/source/postgres/pgtest"
)

func TestAddressesMayNotNameWhatIsOnThisMachine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/service", 0o600, "[books]\nhost=127.0.0.1\n")
	for _, uri := range []string{
		"postgres://u:p@h/d?table=t&passfile=/etc/shadow",
		"postgres://u:p@h/d?table=t&%70assfile=/etc/shadow",
		"postgres://u:p@h/d?table=t&sslkey=/etc/ssl/private/key.pem&sslcert=/etc/ssl/cert.pem",
		"postgres://u:p@h/d?table=t&sslrootcert=/etc/shadow",
		"postgres://u:p@h/d?table=t&sslcert=/etc/shadow",
		"postgres://?table=t&service=books&servicefile=" + dir + "/service",
		"postgres://?servicefile=" + dir + "/service&table=t",
		"postgres://h/d?table=t&service=books",
		"postgres://u:p@/d?table=t&host=/var/run/postgresql",
		"postgres://u:p@%2Fvar%2Frun%2Fpostgresql/d?table=t",
		"postgres://u:p@h/d?table=t&host=h,/tmp",
		"postgres://u:p@h,%2Ftmp/d?table=t",
		"postgres://u:p@h/d?table=t#&passfile=/etc/shadow",
	} {
		opener := postgres.New(postgres.Config{})
		_, err := opener.Open(context.Background(), recon.URI(uri))
		require.Error(t, err, uri)
		require.True(t, recon.IsInput(err), uri)
		require.Equal(t, err.Error(), opener.Check(recon.URI(uri)).Error())
		if !strings.Contains(uri, "#") {
			require.ErrorContains(t, err, "--postgres-local", uri)
		}
	}
}

// A password that is kept here for one server must not go to another, which a
// job names: pgx takes it from the environment, or from ~/.pgpass.
func TestPasswordsThatAreKeptHereStayHere(t *testing.T) {
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t AS SELECT 'here' AS v")
	file := filepath.Join(t.TempDir(), "pgpass")
	require.NoError(t, os.WriteFile(file, []byte("*:*:*:*:"+strings.ReplaceAll(pgtest.Password, ":", `\:`)+"\n"), 0o600))
	uri := fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable&table=t", pgtest.User, db.Port, db.Name)
	named := fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s?sslmode=disable&table=t", pgtest.User, url.QueryEscape(pgtest.Password), db.Port, db.Name)
	for name, value := range map[string]string{"PGPASSFILE": file, "PGPASSWORD": pgtest.Password} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			rows, err := readErr(t, openWith(t, uri, postgres.Config{Local: true}))
			require.NoError(t, err)
			require.Equal(t, []string{"here"}, rows)
			_, err = openWith(t, uri, postgres.Config{}).Describe(context.Background())
			require.Error(t, err)
			rows, err = readErr(t, openWith(t, named, postgres.Config{}))
			require.NoError(t, err)
			require.Equal(t, []string{"here"}, rows)
		})
	}
}

func TestServersAreReachedWithinTheRules(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE TABLE t AS SELECT 'here' AS v")
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	secret := url.QueryEscape(pgtest.Password)
	address := func(hosts string) string {
		return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable&table=t", pgtest.User, secret, hosts, db.Name)
	}
	port := strconv.Itoa(db.Port)
	cases := map[string]struct {
		allow []string
		deny  bool
		hosts string
		ok    bool
	}{
		"by name":                       {allow: []string{"localhost"}, hosts: "localhost:" + port, ok: true},
		"by name and port":              {allow: []string{"localhost:" + port}, hosts: "localhost:" + port, ok: true},
		"by address":                    {allow: []string{"127.0.0.0/8"}, hosts: "127.0.0.1:" + port, ok: true},
		"name that leads to an address": {allow: []string{"127.0.0.0/8"}, hosts: "localhost:" + port, ok: true},
		"another name":                  {allow: []string{"db.test"}, hosts: "localhost:" + port},
		"another port":                  {allow: []string{"localhost:1"}, hosts: "localhost:" + port},
		"its address, though the name is allowed": {allow: []string{"db.test"}, hosts: "127.0.0.1:" + port},
		"private":             {deny: true, hosts: "localhost:" + port},
		"private by address":  {deny: true, hosts: "127.0.0.1:" + port},
		"second of several":   {allow: []string{"localhost"}, hosts: "localhost:1,evil.test:" + port},
		"metadata":            {hosts: "169.254.169.254:80"},
		"host in a parameter": {allow: []string{"localhost"}, hosts: ":1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules, err := reach.New(reach.Config{Allow: c.allow, AllowSetting: "--source-allow", DenyPrivate: c.deny, DenySetting: "--source-deny-private"})
			require.NoError(t, err)
			uri := address(c.hosts)
			if c.hosts == ":1" {
				uri = fmt.Sprintf("postgres://localhost/db?host=evil.test&table=t&port=%s", port)
			}
			src, err := postgres.New(postgres.Config{Reach: rules}).Open(context.Background(), recon.URI(uri))
			if err == nil {
				_, err = src.Describe(context.Background())
				require.NoError(t, src.Close())
			}
			if c.ok {
				require.NoError(t, err)
				return
			}
			requireInput(t, err, "not allowed")
			requireNoSecret(t, err)
		})
	}
}

// A read that ends early asks the server to stop, at the address that the
// name has led to, which the list does not have.
func TestStoppingIsWithinTheRules(t *testing.T) {
	t.Parallel()
	db := server.Database(t)
	db.Exec(t, "CREATE VIEW slow AS SELECT 1 AS id, pg_sleep(60)::text AS pad")
	rules, err := reach.New(reach.Config{Allow: []string{"localhost"}})
	require.NoError(t, err)
	uri := strings.Replace(db.URL("table=slow", "application_name=ruled"), "127.0.0.1", "localhost", 1)
	src := openWith(t, uri, postgres.Config{Reach: rules})
	scan := source.Scan{Columns: []string{"id", "pad"}}
	batches, err := src.Read(t.Context(), scan, split(t, src, scan, 1)[0])
	require.NoError(t, err)
	require.Eventually(t, func() bool { return busy(t, db, "ruled") == 1 }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, batches.Close())
	require.Eventually(t, func() bool { return busy(t, db, "ruled") == 0 }, 20*time.Second, 10*time.Millisecond)
}
