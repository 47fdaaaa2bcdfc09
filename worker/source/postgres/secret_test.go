package postgres_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/source/postgres/pgtest"
)

// requireNoSecret looks for the password in every way in which an error can be
// printed.
func requireNoSecret(t testing.TB, err error) {
	t.Helper()
	for _, text := range []string{err.Error(), fmt.Sprintf("%v", err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		for _, secret := range []string{pgtest.Password, "wrong/pass", url.QueryEscape(pgtest.Password), url.PathEscape(pgtest.Password)} {
			require.False(t, strings.Contains(text, secret), "the password is in %s", text)
		}
	}
}
