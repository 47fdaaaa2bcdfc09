package blob

import (
	"context"
	"errors"
	"io/fs"
)

// localChange gives a hidden file its name. What has the name before keeps a
// hidden one meanwhile, where the file system has hard links; Sweep takes that
// away after a crash.
type localChange struct {
	*localWriter
	// aside is the hidden name of what was there before, if it has one.
	aside   string
	applied bool
}

// Clear implements Change.
func (c *localChange) Clear(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	fi, err := c.dir.Lstat(c.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	aside := partialName(c.name)
	switch {
	case err != nil:
	case fi.IsDir():
		err = regular(fi)
	default:
		err = c.dir.Rename(c.name, aside)
	}
	if err != nil {
		return localError("replace", c.uri, err)
	}
	c.aside = aside
	return localError("replace", c.uri, c.syncFolders())
}

// Apply implements Change.
func (c *localChange) Apply(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if aside := partialName(c.name); c.aside == "" && c.dir.Link(c.name, aside) == nil {
		c.aside = aside
	}
	if err := c.dir.Rename(c.partial, c.name); err != nil {
		return localError("commit", c.uri, err)
	}
	c.applied = true
	return localError("commit", c.uri, c.syncFolders())
}

// Undo implements Change.
func (c *localChange) Undo(context.Context) error {
	if c.done {
		return nil
	}
	var err error
	switch {
	case c.aside != "":
		err = c.dir.Rename(c.aside, c.name)
		c.aside = ""
	case c.applied:
		err = c.dir.Remove(c.name)
	}
	if !c.applied {
		return errors.Join(localError("take back", c.uri, err), c.Abort())
	}
	c.removeFolders()
	return localError("take back", c.uri, errors.Join(err, c.end()))
}

// Settle implements Change.
func (c *localChange) Settle() {
	if c.aside != "" {
		_ = c.dir.Remove(c.aside)
	}
	_ = c.end() // the bytes and the name are on the disk
}

func (c *localChange) end() error {
	c.done = true
	return errors.Join(c.file.Close(), c.dir.Close())
}
