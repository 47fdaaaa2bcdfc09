package main

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the daemon keeps secret is not in the processes that run strangers'
// SQL, and they end with it, whatever ends it.
func TestCellsKnowNoSecretsAndEndWithTheDaemon(t *testing.T) {
	t.Parallel()
	const signing = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	c := listen(t)
	s := startSchedulerWith(t, folder(t, joinOnReference), []string{"KALLAD_TOKEN=" + testToken, "CALLBACK_SECRET=" + signing})
	s.token = testToken
	require.Equal(t, 202, s.post(t, calling(c, "one", joinOnReference)))
	c.final(t)
	cells := cellsOf(t, s.cmd.Process.Pid)
	require.NotEmpty(t, cells)
	for pid, line := range cells {
		environment, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
		require.NoError(t, err)
		for _, secret := range []string{testToken, signing[6:]} {
			require.NotContains(t, string(environment)+line, secret)
		}
		limits, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/limits")
		require.NoError(t, err)
		require.NotRegexp(t, `Max data size +unlimited`, string(limits))
	}
	require.NoError(t, s.cmd.Process.Kill())
	_ = s.cmd.Wait()
	awaitEnd(t, cells)
}
