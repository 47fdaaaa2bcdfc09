package stack

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What another process still uses is never swept, however it looks from here.
func TestOnlyWhatIsOldAndAloneIsSwept(t *testing.T) {
	t.Parallel()
	old, young := time.Now().Add(-3*time.Hour), time.Now().Add(-time.Minute)
	require.False(t, left(owner(), old), "its process runs")
	require.False(t, left("another-boot/1", young))
	require.False(t, left("", young))
	require.True(t, left("another-boot/1", old))
	require.True(t, left("", old))
}
