package sched

import "sync"

// Bridge gives tasks what is sent to a channel of Go, which they must not receive from: that would
// hold their loop.
//
// It has a goroutine, which ends when the channel is closed, or by Stop. The goroutine takes an
// item only when there is room for it, so that a sender of the channel waits for the tasks, and
// never the loop; and no item is lost that was taken. Items keep their order.
type Bridge[T any] struct {
	items *Chan[T]
	stop  chan struct{}
	once  sync.Once
	done  chan struct{}
}

// NewBridge begins to take from the channel, and holds at most size items that were not received
// yet. It panics if size is not positive. Whoever makes a bridge calls Stop, unless the channel is
// closed in the end.
func NewBridge[T any](from <-chan T, size int) *Bridge[T] {
	if size < 1 {
		panic("sched: NewBridge: the size must be positive")
	}
	b := &Bridge[T]{items: NewChan[T](size), stop: make(chan struct{}), done: make(chan struct{})}
	go b.carry(from)
	return b
}

// Recv receives an item as Chan.Recv does. It returns ErrClosed when the bridge has ended and all
// that it took has been received.
func (b *Bridge[T]) Recv(t *Task) (T, error) { return b.items.Recv(t) }

// TryRecv receives an item as Chan.TryRecv does. It returns ErrClosed when Recv would.
func (b *Bridge[T]) TryRecv() (T, error) { return b.items.TryRecv() }

// WatchRecv has w woken as Chan.WatchRecv does, and when the bridge has ended.
func (b *Bridge[T]) WatchRecv(w Waker) error { return b.items.WatchRecv(w) }

// Unwatch is Chan.Unwatch.
func (b *Bridge[T]) Unwatch(w Waker) { b.items.Unwatch(w) }

// Stop has the goroutine end, which takes at most one more item, and does not wait for it. What was
// taken can still be received. Any task and any goroutine may call it, and calls after the first do
// nothing.
func (b *Bridge[T]) Stop() { b.once.Do(func() { close(b.stop) }) }

// Done returns a channel that is closed when the goroutine takes nothing more. It is for
// goroutines.
func (b *Bridge[T]) Done() <-chan struct{} { return b.done }

// signal wakes a goroutine: it has room for one.
type signal chan struct{}

func (s signal) Wake() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// carry takes an item only when there is room, which stays: nobody else sends.
func (b *Bridge[T]) carry(from <-chan T) {
	defer close(b.done)
	defer b.items.Close()
	room := make(signal, 1)
	_ = b.items.WatchSend(room) // the only one that watches this side
	for {
		source := from
		if b.items.Len() == b.items.Cap() {
			source = nil
		}
		select {
		case <-b.stop:
			return
		default:
		}
		select {
		case v, ok := <-source:
			if !ok {
				return
			}
			_ = b.items.TrySend(v)
		case <-room:
		case <-b.stop:
			return
		}
	}
}
