package sched

import "sync"

// Bridge gives tasks the items that are sent to a Go channel. Tasks must not receive from that
// channel, because a receive would hold their loop.
//
// A Bridge has a goroutine, which ends when the channel is closed or Stop is called. The goroutine
// takes an item only when there is room for it. A sender to the channel therefore waits for the
// tasks, and never for the loop. No item that was taken is lost. Items keep their order.
type Bridge[T any] struct {
	items *Chan[T]
	stop  chan struct{}
	once  sync.Once
	done  chan struct{}
}

// NewBridge begins to take items from the channel, and holds at most size items that have not been
// received. It panics if size is not positive. The caller must call Stop unless the channel is
// eventually closed.
func NewBridge[T any](from <-chan T, size int) *Bridge[T] {
	if size < 1 {
		panic("sched: NewBridge: size must be positive")
	}
	b := &Bridge[T]{items: NewChan[T](size), stop: make(chan struct{}), done: make(chan struct{})}
	go b.carry(from)
	return b
}

// Recv receives an item as Chan.Recv does. It returns ErrClosed once the bridge has ended and
// everything that it took has been received.
func (b *Bridge[T]) Recv(t *Task) (T, error) { return b.items.Recv(t) }

// TryRecv receives an item as Chan.TryRecv does. It returns ErrClosed when Recv would.
func (b *Bridge[T]) TryRecv() (T, error) { return b.items.TryRecv() }

// WatchRecv wakes w as Chan.WatchRecv does, and when the bridge has ended.
func (b *Bridge[T]) WatchRecv(w Waker) error { return b.items.WatchRecv(w) }

// Unwatch is Chan.Unwatch.
func (b *Bridge[T]) Unwatch(w Waker) { b.items.Unwatch(w) }

// Stop asks the goroutine to end and does not wait for it. The goroutine takes at most one more
// item. Items that were taken can still be received. Any task and any goroutine may call it, and
// calls after the first do nothing.
func (b *Bridge[T]) Stop() { b.once.Do(func() { close(b.stop) }) }

// Done returns a channel that is closed once the goroutine takes nothing more. It is for
// goroutines.
func (b *Bridge[T]) Done() <-chan struct{} { return b.done }

// signal wakes a goroutine. It has room for one signal.
type signal chan struct{}

func (s signal) Wake() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// carry takes an item only when there is room. The room stays, because only carry sends.
func (b *Bridge[T]) carry(from <-chan T) {
	defer close(b.done)
	defer b.items.Close()
	room := make(signal, 1)
	_ = b.items.WatchSend(room) // the only watcher of this side
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
