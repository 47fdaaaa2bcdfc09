package runner

import (
	"context"
	"sync"
)

// turns lets one run at a time publish into a folder. Publishing takes several
// steps: those of two runs with the same output_path, mixed, would leave files
// of both beside each other.
type turns struct {
	mu sync.Mutex
	// taken are the folders that somebody publishes into; their channels are
	// closed when that is over.
	taken map[string]chan struct{}
}

// take waits for the folder's turn. Whoever has it gives it back by over. The
// error is that of ctx.
func (t *turns) take(ctx context.Context, folder string) (over func(), err error) {
	mine := make(chan struct{})
	for {
		t.mu.Lock()
		before := t.taken[folder]
		if before == nil {
			t.taken[folder] = mine
			t.mu.Unlock()
			return func() { t.giveBack(folder) }, nil
		}
		t.mu.Unlock()
		select {
		case <-before:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (t *turns) giveBack(folder string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.taken[folder])
	delete(t.taken, folder)
}
