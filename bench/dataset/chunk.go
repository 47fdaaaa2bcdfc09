package dataset

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// chunkRows is how many rows are made at a time: some 7 MB as text.
const chunkRows = 1 << 16

// span is the rows from begin up to end.
type span struct{ begin, end uint64 }

// inOrder makes the chunks of n rows on several threads at once and hands them
// to take in the rows' order, on one. At most workers chunks are alive.
func inOrder[T any](ctx context.Context, n uint64, workers int, produce func(span) (T, error), take func(T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	pending := make(chan chan T, workers-1)
	g.Go(func() error {
		defer close(pending)
		for begin := uint64(0); begin < n; begin += chunkRows {
			s := span{begin, min(n, begin+chunkRows)}
			made := make(chan T, 1)
			select {
			case pending <- made:
			case <-ctx.Done():
				return ctx.Err()
			}
			g.Go(func() error {
				chunk, err := produce(s)
				if err == nil {
					made <- chunk
				}
				return err
			})
		}
		return nil
	})
	g.Go(func() error {
		for made := range pending {
			select {
			case chunk := <-made:
				if err := take(chunk); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return g.Wait()
}
