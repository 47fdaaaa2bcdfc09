package blob

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"
)

// undoTimeout bounds the taking back of what was published by half.
const undoTimeout = 30 * time.Second

// Publish commits files and then a seal, the object whose presence says that
// the others are whole and belong together. Either all are published, or what
// was there before is there again, as far as Change.Undo goes. A process that
// dies in between leaves no seal, or the old one with all that it seals. The
// seal was created before the files.
func Publish(ctx context.Context, seal Writer, files ...Writer) error {
	all := append([]Writer{seal}, files...)
	changes, err := prepare(ctx, all)
	if err == nil {
		err = apply(ctx, changes[0], changes[1:])
	}
	if err == nil {
		for _, c := range changes {
			c.Settle()
		}
		return nil
	}
	errs := []error{err}
	undoing, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	// The seal was created first, and with it the folders, which only go once
	// nothing else is in them.
	for i := len(all) - 1; i >= 0; i-- {
		if changes[i] != nil {
			errs = append(errs, changes[i].Undo(undoing))
		}
		errs = append(errs, all[i].Abort())
	}
	return errors.Join(errs...)
}

// prepare readies all at once: each waits for the disk or the network. The
// changes are in the order of the writers, nil where there is none.
func prepare(ctx context.Context, writers []Writer) ([]Change, error) {
	changes := make([]Change, len(writers))
	group, each := errgroup.WithContext(ctx)
	for i, w := range writers {
		group.Go(func() (err error) {
			changes[i], err = w.Prepare(each)
			return err
		})
	}
	return changes, group.Wait()
}

// apply takes an old seal away before the first file changes.
func apply(ctx context.Context, seal Change, files []Change) error {
	if err := seal.Clear(ctx); err != nil {
		return err
	}
	// One that fails does not cancel the others: of a cancelled request nobody
	// knows whether it was carried out.
	var group errgroup.Group
	for _, c := range files {
		group.Go(func() error { return c.Apply(ctx) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return seal.Apply(ctx)
}

// commit is the Commit of a writer on its own.
func commit(ctx context.Context, w Writer) error {
	c, err := w.Prepare(ctx)
	if err == nil {
		err = c.Apply(ctx)
	}
	if err != nil {
		return errors.Join(err, w.Abort())
	}
	c.Settle()
	return nil
}
