package sched

import (
	"fmt"
	"slices"
	"sync"
)

// Chan hands items from one side to the other, in the order in which they were sent, as a channel
// of Go does, but suspends the task that has to wait and never its thread. It holds as many items
// as it was made for; whoever sends more waits. Tasks of several loops may use one, and so may
// goroutines, handlers and posted functions by TrySend, TryRecv and the watches, which do not wait.
// Nothing it does allocates, but for a place in the line: as many are made as tasks have ever
// waited at a time, and used again.
type Chan[T any] struct {
	mu        sync.Mutex // guards all below; held for a few instructions
	items     []T        // a ring
	head      int
	count     int
	closed    bool
	senders   line[T] // empty while there is room, or a receiver
	receivers line[T] // empty while there are items, or a sender
	spare     *seat[T]

	forItems, forRoom []Waker // no more than MaxWatchers each
}

// Waker is told that something is worth trying: a Select, a HandlerTask, or a type of the caller's
// own, whose values can be compared. Wake is called with the lock of what calls it: it must neither
// block nor use that again.
type Waker interface{ Wake() }

// MaxWatchers bounds who watches one side of a Chan: each of them is woken for each item, or for
// each room.
const MaxWatchers = 64

// NewChan returns a channel with room for size items, which it makes at once. With none, an item is
// handed over when both sides are there: Send waits for a receiver, and Recv for a sender. It
// panics if size is negative.
func NewChan[T any](size int) *Chan[T] {
	if size < 0 {
		panic("sched: NewChan: the size must not be negative")
	}
	return &Chan[T]{items: make([]T, size)}
}

// Send sends v, and suspends t until there is room for it, or a task that takes it. Who waits
// longest is served first. It returns nil if v was sent; ErrClosed if the channel was closed
// before; or t's *CancelError if t was canceled before: then v is not sent, and the place in the
// line is given up. Room that is there at once is given to a canceled task, too. It returns
// ErrWrongWaiter if t is not the task that runs.
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

// Recv receives an item, and suspends t until there is one. Who waits longest is served first. It
// returns ErrClosed when the channel is closed and all that was in it has been received; or t's
// *CancelError if t was canceled before an item came: then the place in the line is given up, and
// the item is another's. An item that is there at once is given to a canceled task, too. It
// returns ErrWrongWaiter if t is not the task that runs. An item that comes to a task whose loop
// fails at that moment is lost with the task.
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

// TrySend sends v if there is room, or a task that waits for it, and returns ErrFull if not,
// ErrClosed after Close. It overtakes nobody who waits. Any goroutine may call it.
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

// TryRecv receives an item if there is one, and returns ErrEmpty if not, ErrClosed when the channel
// is closed and all that was in it has been received. Any goroutine may call it.
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

// Close has nothing more sent. Tasks that wait in Send return ErrClosed, and their items are not
// sent; what was sent before can still be received. Tasks that wait in Recv return ErrClosed. Any
// goroutine may call it, and calls after the first do nothing.
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

// Len returns how many items are in the channel. Any goroutine may call it.
func (c *Chan[T]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// Cap returns for how many items there is room.
func (c *Chan[T]) Cap() int { return len(c.items) }

// WatchRecv has w woken each time that TryRecv is worth trying: for each item that comes and that
// no task has waited for, for a task that begins to wait in Send if there is no room at all, at
// Close, and at once if it is worth trying already. It is told once: the watcher tries until
// nothing is there before it waits. All watchers are woken, and one of them gets the item. Watching
// twice is watching once. It returns ErrFull at MaxWatchers. Any goroutine may call it.
func (c *Chan[T]) WatchRecv(w Waker) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return watch(&c.forItems, w, c.count > 0 || c.senders.first != nil || c.closed)
}

// WatchSend has w woken each time that TrySend is worth trying: for each item that is taken and
// that no task has waited to replace, for a task that begins to wait in Recv if there is no room at
// all, at Close, and at once if it is worth trying already. All else is as for WatchRecv.
func (c *Chan[T]) WatchSend(w Waker) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return watch(&c.forRoom, w, c.count < len(c.items) || c.receivers.first != nil || c.closed)
}

// Unwatch has w woken no more, by either side, once it has returned. Any goroutine may call it.
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

// put sends v, if that need not wait. It is called with mu held, as all below.
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

// take receives an item, if that need not wait.
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
