package main

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The image that Bazel packs is the one that deploy/Dockerfile makes.
func TestDockerfileIsUnderstood(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/Dockerfile")
	require.NoError(t, err)
	s, err := lastStage(string(text))
	require.NoError(t, err)
	c := s.config
	require.Equal(t, []string{"/usr/local/bin/kallad"}, c.Entrypoint)
	require.Equal(t, []string{"scheduler"}, c.Cmd)
	require.Equal(t, "65532:65532", c.User)
	require.Equal(t, "/var/lib/kallad", c.WorkingDir)
	require.Contains(t, c.Env, "STAGING_PATH=/var/lib/kallad/staging")
	require.Contains(t, c.Env, "TEMP_DIR=/var/lib/kallad/temp")
	require.Contains(t, c.ExposedPorts, "50052/tcp")
	require.Equal(t, "Reconciles two data sets by a SQL query and keeps the evidence", c.Labels["org.opencontainers.image.description"])
	require.Equal(t, []string{"CMD", "/usr/local/bin/kallad", "health"}, c.Healthcheck.Test)
	require.Equal(t, 5*time.Second, c.Healthcheck.Interval)
	require.Equal(t, 3, c.Healthcheck.Retries)
}

func TestWhatIsNotUnderstoodIsAnError(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "FROM a\nVOLUME /data", "FROM a\nENV A", `FROM a` + "\n" + `ENV A="b`, "FROM a\nENTRYPOINT kallad",
		"FROM a\nHEALTHCHECK NONE", "FROM a\nHEALTHCHECK --interval=soon CMD [\"x\"]", "FROM a\nHEALTHCHECK --often=1s CMD [\"x\"]",
	} {
		_, err := lastStage(text)
		require.Error(t, err, text)
	}
}
