package shuffle_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/ballista/shuffle"
)

// Whatever the schema, the batches, the partitions and where they are kept:
// each partition has its own rows, in order, read here or from elsewhere.
func TestRowsComeOutAsTheyWentIn(t *testing.T) {
	t.Parallel()
	for seed := range 60 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(uint64(seed), 1))
			cfg := shuffle.Config{WriteBuffer: 64 << 10}
			cfg.MemoryLimit = [...]int64{0, -1, 200 << 10}[seed%3]
			roundTrip(t, r, cfg)
		})
	}
}

func roundTrip(t *testing.T, r *rand.Rand, cfg shuffle.Config) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	store := newStore(t, cfg)
	partitions := [...]int{1, 2, 3, 8, 64, 512}[r.IntN(6)]
	schema := randomSchema(r, 1+r.IntN(6), 3)
	if partitions > 1 {
		schema = routedSchema(schema)
	}
	key := shuffle.Key{Job: "job-1", Stage: 2, Task: 3, Attempt: 1, Step: "write"}
	w, err := store.Writer(key, schema, partitions)
	require.NoError(t, err)
	defer w.Abort()
	var batches []arrow.RecordBatch
	defer func() { release(batches) }()
	for range r.IntN(12) {
		b := randomBatch(r, mem, schema, r.IntN(2000), partitions)
		if n := b.NumRows(); n > 4 && r.IntN(3) == 0 { // a slice has offsets
			whole := b
			b = b.NewSlice(n/4, n-1)
			whole.Release()
		}
		batches = append(batches, b)
		require.NoError(t, w.Write(t.Context(), b))
	}
	written, err := w.Commit(t.Context())
	require.NoError(t, err)
	require.Len(t, written, partitions)

	want := [][]row{rowsOf(batches)}
	skip := 0
	if partitions > 1 {
		want, skip = partitioned(batches, partitions), 1
	}
	address := serve(t, store, shuffle.ServerConfig{})
	clients := map[string]*shuffle.Client{
		"self": newClient(t, shuffle.ClientConfig{}, store), "other": newClient(t, shuffle.ClientConfig{}, newStore(t, shuffle.Config{})),
	}
	for p := range partitions {
		require.Equal(t, int64(len(want[p])), written[p].Rows)
		key.Partition = p
		for _, executor := range []string{"self", "other"} {
			if executor == "other" && p > 8 && p%17 != 0 {
				continue
			}
			reader, err := clients[executor].Open(t.Context(), address, executor, key)
			require.NoError(t, err)
			require.True(t, reader.Schema().Equal(arrow.NewSchema(schema.Fields()[skip:], nil)))
			got, err := drain(t.Context(), reader)
			require.NoError(t, err)
			requireRows(t, want[p], rowsOf(got), skip)
			release(got)
			require.NoError(t, reader.Close())
		}
	}
	require.NoError(t, store.RemoveJob("job-1"))
	requireEmpty(t, store)
}
