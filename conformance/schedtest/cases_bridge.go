package schedtest

import (
	"context"
	"errors"

	"github.com/edgewise-go/edgewise/sched"
)

// bridge is a sched.Bridge of integers.
type bridge interface {
	Recv(t *sched.Task) (int, error)
	TryRecv() (int, error)
	WatchRecv(w sched.Waker) error
	Unwatch(w sched.Waker)
	Stop()
	Done() <-chan struct{}
}

func bridgeCases() []Case {
	return []Case{
		{ID: "bridge/in-order", Doc: "sched.Bridge", Run: bridgeInOrder,
			Rule:   "Bridge passes to tasks the items sent on a Go channel. Tasks must not receive from the channel themselves, because that blocks their loop.",
			Source: "doc.go: a channel blocks the thread, and with it every task of the loop"},
		{ID: "bridge/bound", Doc: "sched.Bridge", Run: bridgeBound,
			Rule:   "The goroutine of a Bridge takes an item only when there is room for it.",
			Source: "a goroutine that collects unwanted items without a bound"},
		{ID: "bridge/stop", Doc: "sched.Bridge.Stop", Run: bridgeStop,
			Rule:   "Stop ends the goroutine, which takes at most one more item, and does not wait for it. Items already taken can still be received.",
			Source: "a bridge that holds an item when it is stopped"},
		{ID: "bridge/watch", Doc: "sched.Bridge.WatchRecv", Run: bridgeWatch,
			Rule:   "WatchRecv wakes w as Chan.WatchRecv does, and after the bridge has ended.",
			Source: "a wake lost between the check and the sleep"},
		{ID: "bridge/misuse", Doc: "sched.NewBridge", Run: bridgeMisuse,
			Rule:   "NewBridge panics if size is not positive.",
			Source: "a bridge without room that holds an item"},
	}
}

func bridgeInOrder(t T, r *Fixture) {
	r.start(t, sched.Options{})
	const items = 50
	from := make(chan int)
	b := r.ops.bridge(from, 2)
	defer b.Stop()
	done := r.spawn(t, r.loop(), context.Background(), "receives", func(task *sched.Task) error {
		for want := range items {
			if v, err := b.Recv(task); v != want || err != nil {
				t.Errorf("Recv: %d, %v, want %d", v, err, want)
				return nil
			}
		}
		if _, err := b.Recv(task); !errors.Is(err, sched.ErrClosed) {
			t.Errorf("Recv after the channel was closed: %v, want ErrClosed", err)
		}
		return nil
	})
	for v := range items {
		if v%10 == 0 {
			r.fence(t) // the loop continues while the task waits
		}
		r.give(t, from, v)
	}
	close(from)
	r.wait(t, done, "a task receives all items and then ErrClosed")
	r.wait(t, b.Done(), "the bridge ends after its channel is closed")
}

// give sends v, which the bridge must take.
func (r *Fixture) give(t T, to chan<- int, v int) {
	t.Helper()
	given := make(chan struct{})
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case to <- v:
			close(given)
		case <-stop:
		}
	}()
	r.wait(t, given, "the bridge takes an item")
}

// bridgeBound puts more items in the channel than the bridge has room for, and counts what is left
// in it.
func bridgeBound(t T, r *Fixture) {
	r.start(t, sched.Options{})
	const size, items = 3, 10
	from := make(chan int, items)
	for v := range items {
		from <- v
	}
	b := r.ops.bridge(from, size)
	defer b.Stop()
	// taken returns how many items the bridge has taken, including those that the case has
	// received.
	taken := func(received int) int {
		n := items - len(from)
		if n > received+size {
			t.Errorf("the bridge has taken %d items, %d of which were received: it holds more than %d", n, received, size)
		}
		return n
	}
	r.until(t, func() bool { return taken(0) >= size }, "the bridge takes as many items as it has room for")
	r.do(t, "receives", func(task *sched.Task) error {
		for want := range items {
			if v, err := b.Recv(task); v != want || err != nil {
				t.Errorf("Recv: %d, %v, want %d", v, err, want)
				return nil
			}
			taken(want + 1)
		}
		return nil
	})
}

func bridgeStop(t T, r *Fixture) {
	r.start(t, sched.Options{})
	const items = 10
	from := make(chan int, items)
	for v := range items {
		from <- v
	}
	b := r.ops.bridge(from, 3)
	next := 0
	r.do(t, "receives", func(task *sched.Task) error {
		v, err := b.Recv(task)
		if v != 0 || err != nil {
			t.Errorf("Recv: %d, %v, want 0", v, err)
		}
		next = 1
		b.Stop()
		return nil
	})
	b.Stop()
	r.wait(t, b.Done(), "the bridge ends")
	for {
		v, err := b.TryRecv()
		if err != nil {
			if !errors.Is(err, sched.ErrClosed) {
				t.Errorf("TryRecv after the bridge has ended: %v, want ErrClosed", err)
			}
			break
		}
		if v != next {
			t.Errorf("TryRecv: %d, want %d", v, next)
		}
		next++
	}
	close(from)
	for v := range from {
		if v != next {
			t.Errorf("the bridge lost an item: %d is left in the channel, want %d", v, next)
			return
		}
		next++
	}
	if next != items {
		t.Errorf("got %d items, want %d", next, items)
	}
}

func bridgeWatch(t T, r *Fixture) {
	r.start(t, sched.Options{})
	const items = 20
	from := make(chan int)
	b := r.ops.bridge(from, 2)
	defer b.Stop()
	got := 0
	done := r.selecting(t, b.WatchRecv, func() bool {
		for {
			v, err := b.TryRecv()
			if err != nil {
				return errors.Is(err, sched.ErrClosed)
			}
			if v != got {
				t.Errorf("TryRecv: %d, want %d", v, got)
			}
			got++
		}
	})
	for v := range items {
		r.give(t, from, v)
	}
	close(from)
	r.wait(t, done, "a Select wakes for items and for the end of the bridge")
	if got != items {
		t.Errorf("got %d items, want %d", got, items)
	}
}

func bridgeMisuse(t T, r *Fixture) {
	r.start(t, sched.Options{})
	r.checkMisuse(t, "a bridge without room", func(*sched.Task) { r.ops.bridge(make(chan int), 0).Stop() })
}
