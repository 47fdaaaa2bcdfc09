package executor

import (
	"context"

	"kallad/ballista/engine"
	"kallad/ballista/plan"
	"kallad/ballista/shuffle"
)

// Pieces fetches what tasks wrote, from this process or from others.
type Pieces struct {
	client *shuffle.Client
	// scheduler is where the scheduler's own process serves what it keeps.
	scheduler string
}

// NewPieces returns a fetcher. The client stays the caller's.
func NewPieces(client *shuffle.Client, scheduler string) *Pieces {
	return &Pieces{client: client, scheduler: scheduler}
}

// Fetch implements Fetcher.
func (p *Pieces) Fetch(ctx context.Context, piece plan.Piece) (engine.Batches, error) {
	address := piece.Address
	if piece.Executor == plan.LocalExecutor {
		address = p.scheduler
	}
	return p.client.Open(ctx, address, piece.Executor, KeyOf(piece))
}

// KeyOf is a piece's name in a store.
func KeyOf(p plan.Piece) shuffle.Key {
	return shuffle.Key{Job: p.From.Job, Stage: p.From.Stage, Task: p.From.Task, Attempt: p.From.Attempt, Step: p.Step, Partition: p.Partition}
}
