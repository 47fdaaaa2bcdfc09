package auth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/auth"
)

const secret = "hunter2-sesame-0123456789"

func TestTokenCheck(t *testing.T) {
	t.Parallel()
	token, err := auth.NewToken(secret, "the-next-one-0123456789")
	require.NoError(t, err)
	require.Equal(t, "Bearer "+secret, token.Header())
	cases := map[string]error{
		"Bearer " + secret:                 nil,
		"bearer  " + secret + " ":          nil,
		"BEARER the-next-one-0123456789":   nil,
		"":                                 auth.ErrNoToken,
		secret:                             auth.ErrNoToken,
		"Basic " + secret:                  auth.ErrNoToken,
		"Bearer":                           auth.ErrWrongToken,
		"Bearer ":                          auth.ErrWrongToken,
		"Bearer " + secret + "x":           auth.ErrWrongToken,
		"Bearer " + secret[:24]:            auth.ErrWrongToken,
		"Bearer " + secret + "," + secret:  auth.ErrWrongToken,
		"Bearer HUNTER2-SESAME-0123456789": auth.ErrWrongToken,
	}
	for header, want := range cases {
		require.ErrorIs(t, token.Check(header), want, "%q", header)
	}
	var none *auth.Token
	require.NoError(t, none.Check(""))
}

func TestTokenIsNeverPrinted(t *testing.T) {
	t.Parallel()
	token, err := auth.NewToken(secret)
	require.NoError(t, err)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %[1]v"} {
		fmt.Fprintf(&out, verb+"\n", token)
		fmt.Fprintf(&out, verb+"\n", struct{ T *auth.Token }{token})
		fmt.Fprintf(&out, verb+"\n", auth.Guard{Token: token})
	}
	text, err := json.Marshal(map[string]any{"token": token})
	require.NoError(t, err)
	out.Write(text)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "token", token, "guard", auth.Guard{Token: token})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "token", token, "guard", auth.Guard{Token: token})
	require.NotContains(t, out.String(), secret)
	require.NotContains(t, out.String(), fmt.Sprintf("%x", secret))
}

func TestTokensThatCannotTravelAreRefused(t *testing.T) {
	t.Parallel()
	for _, values := range [][]string{nil, {""}, {"with blank"}, {"lf\n"}, {"schlüssel"}, {secret, ""}} {
		_, err := auth.NewToken(values...)
		require.Error(t, err, "%q", values)
		if len(values) > 0 && values[0] != "" {
			require.NotContains(t, err.Error(), values[0])
		}
	}
	short, err := auth.NewToken("short")
	require.NoError(t, err)
	require.True(t, short.Short())
}

func TestTokenFileIsReadAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	_, err := auth.TokenFile(path, slog.New(slog.DiscardHandler))
	require.EqualError(t, err, fmt.Sprintf("--token-file %q: no such file or directory", path))

	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	write("# only a comment\n\n")
	_, err = auth.TokenFile(path, slog.New(slog.DiscardHandler))
	require.EqualError(t, err, fmt.Sprintf("--token-file %q: holds no token", path))

	write(secret + "\r\n")
	var log bytes.Buffer
	token, err := auth.TokenFile(path, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	require.NoError(t, token.Check("Bearer "+secret))

	write("the-new-one-0123456789\n" + secret + "\n")
	require.Equal(t, "Bearer the-new-one-0123456789", token.Header())
	require.NoError(t, token.Check("Bearer "+secret), "the old one is still accepted")

	write("the-new-one-0123456789\n")
	require.ErrorIs(t, token.Check("Bearer "+secret), auth.ErrWrongToken)

	require.NoError(t, os.Remove(path))
	require.NoError(t, token.Check("Bearer the-new-one-0123456789"), "a file that is gone changes nothing")
	require.Contains(t, log.String(), "level=WARN")
	require.NotContains(t, log.String(), "0123456789")
}
