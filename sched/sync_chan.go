package sched

import (
	"fmt"
	"slices"
	"sync"
)

// Chan passes items from senders to receivers in the order of the sends, as a Go channel does. It
// suspends a task that has to wait, never its thread. It holds as many items as its size; further
// senders wait.
//
// Tasks of several loops may share one. Goroutines, handlers and posted functions may use TrySend,
// TryRecv and the watches, which do not wait. Operations allocate nothing except places in the
// line. There are as many places as tasks have ever waited at once, and they are reused.
type Chan[T any] struct {
	mu        sync.Mutex // guards the fields below; held for a few instructions
	items     []T        // a ring
	head      int
	count     int
	closed    bool
	senders   line[T] // empty while there is room or a receiver
	receivers line[T] // empty while there are items or a sender
	spare     *seat[T]

	forItems, forRoom []Waker // at most MaxWatchers each
}

// Waker is notified that an operation is worth trying. It is a Select, a HandlerTask, or a
// comparable type of the caller. The object that calls Wake holds its lock meanwhile: Wake must
// neither block nor use that object.
type Waker interface{ Wake() }

// MaxWatchers bounds the watchers of one side of a Chan. Each of them is woken for each item or for
// each free place.
const MaxWatchers = 64

// NewChan returns a channel with room for size items, which it allocates at once. With size 0, an
// item passes when both sides are there: Send waits for a receiver, and Recv for a sender. NewChan
// panics if size is negative.
func NewChan[T any](size int) *Chan[T] {
	if size < 0 {
		panic("sched: NewChan: size must not be negative")
	}
	return &Chan[T]{items: make([]T, size)}
}

// Send sends v, and suspends t until there is room for it or a task takes it. The task that has
// waited longest is served first. It returns nil if v was sent, and ErrClosed if the channel was
// closed first. If t was canceled first, Send returns t's *CancelError, gives up the place in the
// line, and does not send v. A canceled task still gets room that is free at once. It returns
// ErrWrongWaiter if t is not the running task.
func (c *Chan[T]) Send(t *Task, v T) error {
	if err := t.calls("Chan.Send"); err != nil {
		return err
	}
	s, err := c.sendOrSit(t, v)
	if s != nil {
		_, err = c.await(&c.senders, s)
	}
	return err
}

// Recv receives an item, and suspends t until there is one. The task that has waited longest is
// served first. It returns ErrClosed once the channel is closed and everything in it has been
// received. If t was canceled before an item came, Recv returns t's *CancelError and gives up the
// place in the line. The item goes to another receiver. A canceled task still gets an item that is
// there at once. It returns ErrWrongWaiter if t is not the running task.
//
// An item is lost with the task if it arrives at the moment that the task's loop fails.
func (c *Chan[T]) Recv(t *Task) (T, error) {
	if err := t.calls("Chan.Recv"); err != nil {
		var none T
		return none, err
	}
	v, s, err := c.recvOrSit(t)
	if s != nil {
		return c.await(&c.receivers, s)
	}
	return v, err
}

// TrySend sends v if there is room or a task waits for it. Otherwise it returns ErrFull, or
// ErrClosed after Close. It overtakes no waiting sender. Any goroutine may call it.
func (c *Chan[T]) TrySend(v T) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return ErrClosed
	case !c.put(v):
		return ErrFull
	}
	return nil
}

// TryRecv receives an item if there is one. Otherwise it returns ErrEmpty, or ErrClosed once the
// channel is closed and everything in it has been received. Any goroutine may call it.
func (c *Chan[T]) TryRecv() (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.take()
	switch {
	case ok:
		return v, nil
	case c.closed:
		return v, ErrClosed
	}
	return v, ErrEmpty
}

// Close closes the channel: nothing more is sent. Tasks that wait in Send return ErrClosed, and
// their items are not sent. Items that were sent before can still be received. Tasks that wait in
// Recv return ErrClosed. Any goroutine may call it, and calls after the first do nothing.
func (c *Chan[T]) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	c.senders.refuse()
	c.receivers.refuse()
	wake(c.forItems)
	wake(c.forRoom)
}

// Len returns the number of items in the channel. Any goroutine may call it.
func (c *Chan[T]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// Cap returns the number of items for which the channel has room.
func (c *Chan[T]) Cap() int { return len(c.items) }

// WatchRecv wakes w each time that TryRecv is worth trying: for each item that arrives without a
// task waiting for it, and at Close. On a channel of size 0 it also wakes w when a task begins to
// wait in Send. If TryRecv is worth trying already, WatchRecv wakes w at once.
//
// Each cause is reported once: the watcher tries until nothing is there before it waits. All
// watchers are woken, and one of them gets the item. Watching twice has the effect of watching
// once. WatchRecv returns ErrFull at MaxWatchers. Any goroutine may call it.
func (c *Chan[T]) WatchRecv(w Waker) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return watch(&c.forItems, w, c.count > 0 || c.senders.first != nil || c.closed)
}

// WatchSend wakes w each time that TrySend is worth trying: for each taken item that no waiting
// task replaces, and at Close. On a channel of size 0 it also wakes w when a task begins to wait in
// Recv. If TrySend is worth trying already, WatchSend wakes w at once. Otherwise it behaves as
// WatchRecv.
func (c *Chan[T]) WatchSend(w Waker) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return watch(&c.forRoom, w, c.count < len(c.items) || c.receivers.first != nil || c.closed)
}

// Unwatch ends both watches of w. After it returns, neither side wakes w. Any goroutine may call
// it.
func (c *Chan[T]) Unwatch(w Waker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	is := func(other Waker) bool { return other == w }
	c.forItems = slices.DeleteFunc(c.forItems, is)
	c.forRoom = slices.DeleteFunc(c.forRoom, is)
}

func watch(watchers *[]Waker, w Waker, worthTrying bool) error {
	if !slices.Contains(*watchers, w) {
		if len(*watchers) == MaxWatchers {
			return fmt.Errorf("%w: %d watchers", ErrFull, MaxWatchers)
		}
		*watchers = append(*watchers, w)
	}
	if worthTrying {
		w.Wake()
	}
	return nil
}

func wake(watchers []Waker) {
	for _, w := range watchers {
		w.Wake()
	}
}

// put sends v if it need not wait. It is called with mu held, like all functions below.
func (c *Chan[T]) put(v T) bool {
	if s := c.receivers.first; s != nil {
		s.item = v
		c.receivers.serve()
		return true
	}
	if c.count == len(c.items) {
		return false
	}
	c.push(v)
	wake(c.forItems)
	return true
}

// take receives an item if it need not wait.
func (c *Chan[T]) take() (v T, ok bool) {
	if c.count > 0 {
		v = c.pop()
		if c.senders.first != nil {
			c.push(c.senders.serve())
		} else {
			wake(c.forRoom)
		}
		return v, true
	}
	if c.senders.first != nil {
		return c.senders.serve(), true
	}
	return v, false
}

func (c *Chan[T]) push(v T) {
	c.items[(c.head+c.count)%len(c.items)] = v
	c.count++
}

func (c *Chan[T]) pop() T {
	var none T
	v := c.items[c.head]
	c.items[c.head] = none
	c.head = (c.head + 1) % len(c.items)
	c.count--
	return v
}
