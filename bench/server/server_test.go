package server_test

import (
	"context"
	"net/url"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"kallad/bench/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServerComesAndGoes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, err := server.Start(ctx)
	require.NoError(t, err)
	address, err := url.Parse(s.URL("table=t"))
	require.NoError(t, err)
	assert.Equal(t, "t", address.Query().Get("table"))
	said, err := s.Exec(ctx, "CREATE TABLE t AS SELECT 1 AS a, 'x' AS b", "SELECT * FROM t", "SHOW fsync")
	require.NoError(t, err)
	assert.Equal(t, "1|x\noff", said)
	_, err = s.Exec(ctx, "SELECT * FROM nowhere")
	require.ErrorContains(t, err, "nowhere")
	require.NoError(t, s.Stop())
	_, err = os.Stat(address.Query().Get("host"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
