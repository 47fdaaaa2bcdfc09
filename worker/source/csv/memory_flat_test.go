package csv_test

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/require"

	"kallad/worker/source"
	"kallad/worker/source/csv"
)

// peakAllocator remembers the most memory that was in use at one time.
type peakAllocator struct {
	memory.Allocator
	mu         sync.Mutex
	used, peak int
}

func (p *peakAllocator) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used += n
	p.peak = max(p.peak, p.used)
}

func (p *peakAllocator) Allocate(n int) []byte {
	p.add(n)
	return p.Allocator.Allocate(n)
}

func (p *peakAllocator) Reallocate(n int, b []byte) []byte {
	p.add(n - len(b))
	return p.Allocator.Reallocate(n, b)
}

func (p *peakAllocator) Free(b []byte) {
	p.add(-len(b))
	p.Allocator.Free(b)
}

// TestFlatMemory: ten times the rows take no more memory.
func TestFlatMemory(t *testing.T) {
	t.Parallel()
	peak := func(rows int) int {
		ctx := context.Background()
		content := []byte("id,v,amount\n" + strings.Repeat("1,\"some, text\",1.50\n", rows))
		store := newMemoryStore(map[string][]byte{"f.csv": content})
		mem := &peakAllocator{Allocator: memory.NewGoAllocator()}
		src, err := csv.New(store, csv.Config{Allocator: mem}).Open(ctx, "f.csv")
		require.NoError(t, err)
		defer src.Close()
		scan := source.Scan{Columns: []string{"id", "v", "amount"}}
		parts, err := src.Split(ctx, scan, 1)
		require.NoError(t, err)
		batches, err := src.Read(ctx, scan, parts[0])
		require.NoError(t, err)
		defer batches.Close()
		for {
			batch, err := batches.Next(ctx)
			if err == io.EOF {
				return mem.peak
			}
			require.NoError(t, err)
			batch.Release()
		}
	}
	small := peak(50_000)
	require.Positive(t, small)
	require.LessOrEqual(t, peak(500_000), small+small/10)
}
