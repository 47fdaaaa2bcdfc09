package auth_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"kallad/worker/auth"
)

// The secret, message and signature of the specification's own libraries.
func TestSignAsTheSpecificationDoes(t *testing.T) {
	t.Parallel()
	s, err := auth.NewSigner("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	got := s.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", got)
}

func TestSecretsAreRolled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secrets")
	const first, second = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	write := func(lines ...string) {
		require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))
	}
	write("# one", first)
	s, err := auth.SignerFile("--callback-secret-file", path, quiet)
	require.NoError(t, err)
	sign := func() []string { return strings.Split(s.Sign("id", time.Unix(7, 0), []byte("body")), " ") }
	one := sign()
	require.Len(t, one, 1)
	write("# both", second, first)
	both := sign()
	require.Len(t, both, 2)
	require.Equal(t, one[0], both[1])
	write(second)
	require.Equal(t, both[:1], sign())
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %x", s, s, s, s), second[6:])
}

func TestSecretsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64!", "whsec_" + strings.Repeat("QUJD", 30)} {
		_, err := auth.NewSigner(text)
		require.Error(t, err)
		require.NotContains(t, err.Error(), strings.TrimPrefix(text, "whsec_")+"\"")
	}
	path := filepath.Join(t.TempDir(), "secrets")
	require.NoError(t, os.WriteFile(path, []byte("whsec_c2hvcnQ=\n"), 0o600))
	_, err := auth.SignerFile("--callback-secret-file", path, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "--callback-secret-file")
	require.ErrorContains(t, err, "want 24 to 64")
}
