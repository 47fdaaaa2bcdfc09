package journal

import "errors"

// ErrClosed is what becomes of a change that came too late.
var ErrClosed = errors.New("the journal is closed")

// Change is a change on its way to the disk.
type Change struct {
	op    byte
	key   string
	value []byte
	// durable changes are done when they are synced, others when written; a
	// failure of the disk may undo these.
	durable bool
	// insistent changes are tried until they are done.
	insistent bool
	done      chan struct{}
	err       error // valid once done is closed
	ended     bool  // the writer's
}

func newChange(op byte, key string, value []byte) *Change {
	return &Change{op: op, key: key, value: value, done: make(chan struct{})}
}

// Done is closed when the change is on disk, or never will be.
func (c *Change) Done() <-chan struct{} { return c.done }

// Wait returns nil when the change is on disk, else why it never will be.
func (c *Change) Wait() error {
	<-c.done
	return c.err
}

// end ends a change; the first time counts.
func (c *Change) end(err error) {
	if c.ended {
		return
	}
	c.ended, c.err = true, err
	close(c.done)
}
