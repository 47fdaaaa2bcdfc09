package journal_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// damagedFiles are the segments that were kept for people.
func damagedFiles(m *memory) []string {
	names := slices.Collect(maps.Keys(m.files))
	return slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, "damaged-") })
}

func TestAJournalCutAnywhereKeepsWhatIsWhole(t *testing.T) {
	t.Parallel()
	name, data, ends, states := sample(t)
	for length := range len(data) + 1 {
		disk := holding(name, slices.Clone(data[:length]))
		whole := 0
		for whole < len(ends) && ends[whole] <= length {
			whole++
		}
		want := map[string]string{}
		if whole > 0 {
			want = states[whole-1]
		}
		j, m := open(t, disk)
		require.Equal(t, want, values(t, j), "cut at %d", length)
		assert.Zero(t, m.get().damaged)
		require.NoError(t, j.Put("new", []byte("n")).Wait())
		require.NoError(t, j.Close())
		assert.Empty(t, damagedFiles(disk))

		j, m = open(t, disk.kill())
		want = maps.Clone(want)
		want["new"] = "n"
		require.Equal(t, want, values(t, j), "cut at %d, and opened twice", length)
		assert.Zero(t, m.get().tail, "the end was cut for good")
		require.NoError(t, j.Close())
	}
}

// hurt returns which change a byte belongs to, -1 for the segment's header.
func hurt(ends []int, at, header int) int {
	if at < header {
		return -1
	}
	return slices.IndexFunc(ends, func(end int) bool { return at < end })
}

// without is the state after all changes of sample but those that were lost.
func without(lost ...int) map[string]string {
	want := map[string]string{}
	for i := range 8 {
		key := []string{"key0", "key1", "key2", "key3", "key0", "key1", "key1", "end"}[i]
		switch {
		case slices.Contains(lost, i):
		case i == 6:
			delete(want, key)
		case i == 7:
			want[key] = "e"
		default:
			want[key] = strings.Repeat(string(rune('0'+i)), 3*i)
		}
	}
	return want
}

func TestAByteChangedAnywhereLosesOneChangeAtMost(t *testing.T) {
	t.Parallel()
	name, data, ends, _ := sample(t)
	header := len("kallad journal 1\n")
	for at := range data {
		broken := slices.Clone(data)
		broken[at] ^= 1 << rand.N(8)
		disk := holding(name, broken)
		lost := hurt(ends, at, header)
		j, m := open(t, disk)
		require.Equal(t, without(lost), values(t, j), "byte %d", at)
		got := m.get()
		if lost == len(ends)-1 {
			assert.Positive(t, got.tail, "byte %d: at the end it is a torn end", at)
			assert.Empty(t, damagedFiles(disk))
		} else {
			assert.Positive(t, got.damaged, "byte %d", at)
			require.Len(t, damagedFiles(disk), 1, "byte %d", at)
			assert.Equal(t, broken, disk.files[damagedFiles(disk)[0]].data, "kept as it was")
		}
		require.NoError(t, j.Put("new", []byte("n")).Wait())
		require.NoError(t, j.Close())

		j, m = open(t, disk.cutPower())
		want := without(lost)
		want["new"] = "n"
		require.Equal(t, want, values(t, j), "byte %d, opened twice", at)
		assert.Zero(t, m.get().damaged, "told once")
		require.NoError(t, j.Close())
	}
}

func TestBytesMissingOrAddedAnywhereLoseTwoChangesAtMost(t *testing.T) {
	t.Parallel()
	name, data, ends, _ := sample(t)
	for range 2000 {
		at := rand.N(len(data))
		var broken []byte
		if rand.N(2) == 0 {
			broken = slices.Concat(data[:at], data[min(len(data), at+1+rand.N(9)):])
		} else {
			noise := make([]byte, 1+rand.N(100))
			for i := range noise {
				noise[i] = byte(rand.N(256))
			}
			broken = slices.Concat(data[:at], noise, data[at:])
		}
		j, _ := open(t, holding(name, broken))
		got := values(t, j)
		require.NoError(t, j.Close())
		hit := hurt(ends, at, 0)
		require.Contains(t, []map[string]string{without(), without(hit), without(hit + 1), without(hit, hit+1)}, got, "at %d", at)
	}
}
