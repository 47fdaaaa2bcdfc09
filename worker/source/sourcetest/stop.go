package sourcetest

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"kallad/worker/source"
)

// smallBatches make sure that a stream is really stopped in its middle.
var smallBatches = source.Scan{Columns: []string{"id", "note"}, BatchRows: 4}

// begin reads the first batch of the only partition.
func begin(ctx context.Context, t *testing.T, src source.Source) source.Batches {
	t.Helper()
	parts := split(t, src, smallBatches, 1)
	batches, err := src.Read(ctx, smallBatches, parts[0])
	require.NoError(t, err)
	batch, err := batches.Next(ctx)
	require.NoError(t, err)
	batch.Release()
	return batches
}

// drain reads on until something ends the stream, and returns what.
func drain(ctx context.Context, batches source.Batches) error {
	for {
		batch, err := batches.Next(ctx)
		if err != nil {
			return err
		}
		batch.Release()
	}
}

func testCancel(t *testing.T, f *fixture) {
	src := f.open(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	batches := begin(ctx, t, src)
	cancel()
	err := drain(ctx, batches)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, batches.Close())
}

func testCancelledBefore(t *testing.T, f *fixture) {
	src := f.open(t)
	parts := split(t, src, smallBatches, 1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	batches, err := src.Read(ctx, smallBatches, parts[0])
	if err == nil {
		err = drain(ctx, batches)
		require.NoError(t, batches.Close())
	}
	require.ErrorIs(t, err, context.Canceled)
}

func testCloseEarly(t *testing.T, f *fixture) {
	src := f.open(t)
	ctx := context.Background()
	batches := begin(ctx, t, src)
	require.NoError(t, batches.Close())
	require.NoError(t, batches.Close(), "Close may be called more than once")
	_, err := batches.Next(ctx)
	require.Error(t, err, "Next after Close")
	require.False(t, errors.Is(err, io.EOF), "Next after Close must not look like the end of the rows")

	unread, err := src.Read(ctx, smallBatches, split(t, src, smallBatches, 1)[0])
	require.NoError(t, err)
	require.NoError(t, unread.Close(), "close before the first batch")
}

// testCloseSource closes the source under an open stream.
func testCloseSource(t *testing.T, f *fixture) {
	src := f.open(t)
	batches := begin(context.Background(), t, src)
	require.NoError(t, src.Close())
	err := drain(context.Background(), batches)
	require.Error(t, err)
	require.False(t, errors.Is(err, io.EOF), "a stream that was cut off must not look complete")
	require.NoError(t, batches.Close())
}
