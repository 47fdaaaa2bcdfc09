package shuffle_test

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/ballista/shuffle"
	"kallad/worker/auth"
	"kallad/worker/auth/authtest"
)

// Pieces are for those who show what a guarded port asks for; to others they
// are refused, not lost, since making them again would not help.
func TestGuardedPorts(t *testing.T) {
	t.Parallel()
	ca := authtest.NewCA(t)
	cert, secret := ca.Issue(t, "127.0.0.1")
	encrypted, err := auth.NewTLS(auth.TLSConfig{Cert: cert, Key: secret, CA: ca.File}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	token := func(value string) *auth.Token {
		made, err := auth.NewToken(value)
		require.NoError(t, err)
		return made
	}
	guard := auth.Guard{Token: token("the-token-of-this-cluster"), TLS: encrypted}
	s := newStore(t, shuffle.Config{})
	writeMany(t, s, key)
	address := serve(t, s, shuffle.ServerConfig{}, guard.ServerOptions()...)
	client := func(g auth.Guard) *shuffle.Client {
		cfg := quick
		cfg.DialOptions = g.DialOptions()
		c := shuffle.NewClient(cfg, "self", newStore(t, shuffle.Config{}))
		t.Cleanup(func() { require.NoError(t, c.Close()) })
		return c
	}
	r, err := client(guard).Open(t.Context(), address, "other", key)
	require.NoError(t, err)
	require.NoError(t, readMany(t.Context(), t, r, ignore))

	_, err = client(auth.Guard{Token: token("the-token-of-another-one"), TLS: encrypted}).Open(t.Context(), address, "other", key)
	require.Error(t, err)
	var lost *shuffle.LostError
	require.False(t, errors.As(err, &lost), "%v", err)
	require.ErrorContains(t, err, "--token")
	require.NotContains(t, err.Error(), "the-token-of")
}
