package control

import "sync"

// Outbox holds the messages that wait for a stream to take them, so that
// nobody who sends one has to wait. It is safe for concurrent use.
type Outbox[M any] struct {
	mu       sync.Mutex
	messages []M
	ready    chan struct{} // has room for one: there are messages
	done     chan struct{} // closed by Close
	closed   bool
}

// NewOutbox returns an empty outbox.
func NewOutbox[M any]() *Outbox[M] {
	return &Outbox[M]{ready: make(chan struct{}, 1), done: make(chan struct{})}
}

// Put adds a message. After Close it does nothing.
func (o *Outbox[M]) Put(m M) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.messages = append(o.messages, m)
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// Ready receives when there may be messages to take.
func (o *Outbox[M]) Ready() <-chan struct{} { return o.ready }

// Take returns the messages that wait, in the order in which they came.
func (o *Outbox[M]) Take() []M {
	o.mu.Lock()
	defer o.mu.Unlock()
	messages := o.messages
	o.messages = nil
	return messages
}

// Close says that no further message will be sent.
func (o *Outbox[M]) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.closed = true
		close(o.done)
	}
}

// Done is closed by Close.
func (o *Outbox[M]) Done() <-chan struct{} { return o.done }
