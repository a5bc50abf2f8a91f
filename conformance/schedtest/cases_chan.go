package schedtest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/edgewise-go/edgewise/sched"
)

// channel is a sched.Chan of integers.
type channel interface {
	Send(t *sched.Task, v int) error
	Recv(t *sched.Task) (int, error)
	TrySend(v int) error
	TryRecv() (int, error)
	Close()
	Len() int
	Cap() int
	WatchRecv(w sched.Waker) error
	WatchSend(w sched.Waker) error
	Unwatch(w sched.Waker)
}

func chanCases() []Case {
	return []Case{
		{ID: "chan/in-order", Doc: "sched.Chan", Run: chanInOrder,
			Rule:   "Chan passes items from senders to receivers, in the order in which they were sent.",
			Source: "two semaphores around a ring: senders on two threads fill their places in another order than they acquired them"},
		{ID: "chan/bound", Doc: "sched.Chan", Run: chanBound,
			Rule:   "A Chan holds as many items as it was made for. Further senders wait.",
			Source: "a send that reports success and drops the item"},
		{ID: "chan/rendezvous", Doc: "sched.NewChan", Run: chanRendezvous,
			Rule:   "A Chan of size 0 passes an item when both sides are present: Send waits for a receiver, and Recv for a sender.",
			Source: "Go specification: unbuffered channels"},
		{ID: "chan/first-come", Doc: "sched.Chan.Send", Run: chanFirstCome,
			Rule:   "The task that has waited longest is served first.",
			Source: "tokio mpsc: permits are given in the order of requests"},
		{ID: "chan/close-drains", Doc: "sched.Chan.Recv", Run: chanCloseDrains,
			Rule:   "Recv returns ErrClosed after the channel is closed and every item in it has been received.",
			Source: "Go specification: receive from a closed channel"},
		{ID: "chan/close-wakes", Doc: "sched.Chan.Close", Run: chanCloseWakes,
			Rule:   "After Close, tasks that wait in Send return ErrClosed and their items are not sent. Items sent before can still be received.",
			Source: "a close that does not wake the waiters"},
		{ID: "chan/canceled-send", Doc: "sched.Chan.Send", Run: chanCanceledSend,
			Rule:   "Send returns t's *CancelError if t was canceled first. v is then not sent, and the place in line is given up.",
			Source: "Python asyncio.Queue.put: a canceled putter that was woken wakes the next"},
		{ID: "chan/canceled-recv", Doc: "sched.Chan.Recv", Run: chanCanceledRecv,
			Rule:   "Recv returns t's *CancelError if t was canceled before an item came. The place in line is then given up, and another task gets the item.",
			Source: "Python asyncio.Queue.get: a canceled getter that was woken wakes the next"},
		{ID: "chan/nothing-lost-races-cancel", Doc: "sched.Chan", Run: chanNothingLost,
			Rule:   "Tasks of several loops may share a Chan. Goroutines, handlers and posted functions may use it through TrySend, TryRecv and the watches, which do not wait.",
			Source: "an item on its way to a receiver that is being canceled"},
		{ID: "chan/misuse", Doc: "sched.NewChan", Run: chanMisuse,
			Rule:   "NewChan panics if size is negative.",
			Source: "a wait by a goroutine, which no caller wakes"},
		{ID: "chan/watch-items", Doc: "sched.Chan.WatchRecv", Run: chanWatchItems,
			Rule:   "WatchRecv wakes w each time TryRecv is worth trying.",
			Source: "a wake lost between the check and the sleep"},
		{ID: "chan/watch-room", Doc: "sched.Chan.WatchSend", Run: chanWatchRoom,
			Rule:   "WatchSend wakes w each time TrySend is worth trying.",
			Source: "a wake lost between the check and the sleep"},
		{ID: "chan/watch-by-a-handler", Doc: "sched.Waker", Run: chanWatchByHandler,
			Rule:   "A Waker is notified that an operation is worth trying: a Select, a HandlerTask, or a type of the caller.",
			Source: "a bridge that only coroutines can use"},
		{ID: "chan/watchers-bound", Doc: "sched.Chan.WatchRecv", Run: chanWatchersBound,
			Rule:   "WatchRecv returns ErrFull at MaxWatchers.",
			Source: "a list of watchers that grows without bound"},
		{ID: "chan/unwatch", Doc: "sched.Chan.Unwatch", Run: chanUnwatch,
			Rule:   "After Unwatch returns, neither side wakes w.",
			Source: "a wake of a task that has ended"},
	}
}

// bell is a Waker for the goroutine of the case.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

func (b bell) Wake() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// rang reports whether b was rung since the last call.
func (b bell) rang() bool {
	select {
	case <-b:
		return true
	default:
		return false
	}
}

func (r *Fixture) receives(t T, c interface{ TryRecv() (int, error) }, want int) {
	t.Helper()
	if v, err := c.TryRecv(); v != want || err != nil {
		t.Errorf("TryRecv: %d, %v, want %d", v, err, want)
	}
}

func (r *Fixture) sends(t T, c channel, v int) {
	t.Helper()
	if err := c.TrySend(v); err != nil {
		t.Errorf("TrySend of %d: %v", v, err)
	}
}

func chanInOrder(t T, r *Fixture) {
	r.start(t, sched.Options{})
	const items = 60
	for _, size := range []int{0, 1, 4} {
		c := r.ops.channel(size)
		sends := r.spawn(t, r.loop(), context.Background(), "sends", func(task *sched.Task) error {
			for v := range items {
				if err := c.Send(task, v); err != nil {
					t.Errorf("Send: %v", err)
				}
			}
			return nil
		})
		receives := r.spawn(t, r.otherLoop(), context.Background(), "receives", func(task *sched.Task) error {
			for want := range items {
				if v, err := c.Recv(task); v != want || err != nil {
					t.Errorf("size %d: Recv returned %d, %v, want %d", size, v, err, want)
					return nil
				}
			}
			return nil
		})
		r.wait(t, sends, "all items are sent")
		r.wait(t, receives, "all items are received")
	}
}

func chanBound(t T, r *Fixture) {
	r.startCounted(t)
	const size = 3
	c := r.ops.channel(size)
	if _, err := c.TryRecv(); !errors.Is(err, sched.ErrEmpty) {
		t.Errorf("TryRecv from an empty channel: %v, want ErrEmpty", err)
	}
	r.do(t, "fills", func(task *sched.Task) error {
		for v := range size {
			if err := c.Send(task, v); err != nil {
				t.Errorf("Send: %v", err)
			}
		}
		return nil
	})
	if err := c.TrySend(size); !errors.Is(err, sched.ErrFull) {
		t.Errorf("TrySend to a full channel: %v, want ErrFull", err)
	}
	var mu sync.Mutex // guards sent
	sent := false
	waits := r.inLine(t, context.Background(), "waits", func(task *sched.Task) error {
		if err := c.Send(task, size); err != nil {
			t.Errorf("Send: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		sent = true
		return nil
	})
	mu.Lock()
	if sent || c.Len() != size || c.Cap() != size {
		t.Errorf("Send to a full channel returned; it has %d items and room for %d", c.Len(), c.Cap())
	}
	mu.Unlock()
	r.receives(t, c, 0)
	r.wait(t, waits, "Send returns after an item is received")
	if err := c.TrySend(9); !errors.Is(err, sched.ErrFull) {
		t.Errorf("TrySend after a waiting Send: %v, want ErrFull", err)
	}
	for v := range size {
		r.receives(t, c, v+1)
	}
}

func chanRendezvous(t T, r *Fixture) {
	r.start(t, sched.Options{})
	c := r.ops.channel(0)
	if err := c.TrySend(1); !errors.Is(err, sched.ErrFull) {
		t.Errorf("TrySend without a receiver: %v, want ErrFull", err)
	}
	if _, err := c.TryRecv(); !errors.Is(err, sched.ErrEmpty) {
		t.Errorf("TryRecv without a sender: %v, want ErrEmpty", err)
	}
	sends := r.waitingSender(t, c, 7)
	r.receives(t, c, 7)
	r.wait(t, sends, "Send returns after the item is received")
	var got int
	receives := r.waitingReceiver(t, c, func(v int) { got = v })
	r.sends(t, c, 8)
	r.wait(t, receives, "Recv returns after an item is sent")
	if got != 8 {
		t.Errorf("Recv returned %d, want 8", got)
	}
}

// waitingSender starts a task that sends v, and returns once it waits. The channel must be full.
func (r *Fixture) waitingSender(t T, c channel, v int) <-chan struct{} {
	t.Helper()
	b := newBell()
	if err := c.WatchRecv(b); err != nil {
		t.Fatalf("WatchRecv: %v", err)
	}
	defer c.Unwatch(b)
	b.rang()
	done := r.spawn(t, r.loop(), context.Background(), "sends", func(task *sched.Task) error {
		if err := c.Send(task, v); err != nil {
			t.Errorf("Send of %d: %v", v, err)
		}
		return nil
	})
	r.wait(t, b, "a task waits in Send")
	return done
}

// waitingReceiver starts a task that receives, and returns once it waits. The channel must have no
// room.
func (r *Fixture) waitingReceiver(t T, c channel, got func(v int)) <-chan struct{} {
	t.Helper()
	b := newBell()
	if err := c.WatchSend(b); err != nil {
		t.Fatalf("WatchSend: %v", err)
	}
	defer c.Unwatch(b)
	b.rang()
	done := r.spawn(t, r.loop(), context.Background(), "receives", func(task *sched.Task) error {
		v, err := c.Recv(task)
		if err != nil {
			t.Errorf("Recv: %v", err)
		}
		got(v)
		return nil
	})
	r.wait(t, b, "a task waits in Recv")
	return done
}

func chanFirstCome(t T, r *Fixture) {
	r.start(t, sched.Options{})
	const tasks = 4
	c := r.ops.channel(0)
	var done []<-chan struct{}
	for v := range tasks {
		done = append(done, r.waitingSender(t, c, v))
	}
	for v := range tasks {
		r.receives(t, c, v)
	}
	for v := range tasks {
		done = append(done, r.waitingReceiver(t, c, func(got int) {
			if got != v {
				t.Errorf("receiver %d got item %d", v, got)
			}
		}))
	}
	for v := range tasks {
		r.sends(t, c, v)
	}
	for _, d := range done {
		r.wait(t, d, "a task in line is served")
	}
}

func chanCloseDrains(t T, r *Fixture) {
	r.start(t, sched.Options{})
	c := r.ops.channel(4)
	for v := range 3 {
		r.sends(t, c, v)
	}
	c.Close()
	c.Close()
	r.do(t, "drains", func(task *sched.Task) error {
		for want := range 2 {
			if v, err := c.Recv(task); v != want || err != nil {
				t.Errorf("Recv after Close: %d, %v, want %d", v, err, want)
			}
		}
		r.receives(t, c, 2)
		if _, err := c.Recv(task); !errors.Is(err, sched.ErrClosed) {
			t.Errorf("Recv from an empty channel after Close: %v, want ErrClosed", err)
		}
		if err := c.Send(task, 4); !errors.Is(err, sched.ErrClosed) {
			t.Errorf("Send after Close: %v, want ErrClosed", err)
		}
		return nil
	})
	if _, err := c.TryRecv(); !errors.Is(err, sched.ErrClosed) {
		t.Errorf("TryRecv from an empty channel after Close: %v, want ErrClosed", err)
	}
	if err := c.TrySend(4); !errors.Is(err, sched.ErrClosed) {
		t.Errorf("TrySend after Close: %v, want ErrClosed", err)
	}
}

func chanCloseWakes(t T, r *Fixture) {
	r.startCounted(t)
	full, empty := r.ops.channel(1), r.ops.channel(1)
	r.sends(t, full, 1)
	var done []<-chan struct{}
	for range 2 {
		done = append(done, r.inLine(t, context.Background(), "sends", func(task *sched.Task) error {
			if err := full.Send(task, 2); !errors.Is(err, sched.ErrClosed) {
				t.Errorf("Send while the channel is closed: %v, want ErrClosed", err)
			}
			return nil
		}), r.inLine(t, context.Background(), "receives", func(task *sched.Task) error {
			if _, err := empty.Recv(task); !errors.Is(err, sched.ErrClosed) {
				t.Errorf("Recv while the channel is closed: %v, want ErrClosed", err)
			}
			return nil
		}))
	}
	full.Close()
	empty.Close()
	for _, d := range done {
		r.wait(t, d, "a waiting task returns after Close")
	}
	r.receives(t, full, 1)
	if _, err := full.TryRecv(); !errors.Is(err, sched.ErrClosed) {
		t.Errorf("TryRecv after Close: %v, want ErrClosed: the waiting item was not sent", err)
	}
}

func chanCanceledSend(t T, r *Fixture) {
	r.startCounted(t)
	c := r.ops.channel(1)
	r.sends(t, c, 1)
	ctx, cancel := context.WithCancelCause(context.Background())
	canceled := r.inLine(t, ctx, "canceled", func(task *sched.Task) error {
		checkCanceled(t, "Send", c.Send(task, 2))
		checkCanceled(t, "Send again", c.Send(task, 3))
		free := r.ops.channel(1)
		if err := free.Send(task, 4); err != nil {
			t.Errorf("Send of a canceled task to a channel with room: %v", err)
		}
		return nil
	})
	next := r.inLine(t, context.Background(), "next", func(task *sched.Task) error {
		if err := c.Send(task, 5); err != nil {
			t.Errorf("Send: %v", err)
		}
		return nil
	})
	cancel(errCase)
	r.wait(t, canceled, "the canceled task ends")
	r.receives(t, c, 1)
	r.wait(t, next, "the next task in line sends its item")
	r.receives(t, c, 5)
}

func chanCanceledRecv(t T, r *Fixture) {
	r.startCounted(t)
	c := r.ops.channel(1)
	ctx, cancel := context.WithCancelCause(context.Background())
	canceled := r.inLine(t, ctx, "canceled", func(task *sched.Task) error {
		_, err := c.Recv(task)
		checkCanceled(t, "Recv", err)
		full := r.ops.channel(1)
		r.sends(t, full, 4)
		if v, err := full.Recv(task); v != 4 || err != nil {
			t.Errorf("Recv of a canceled task from a channel with an item: %d, %v", v, err)
		}
		return nil
	})
	next := r.inLine(t, context.Background(), "next", func(task *sched.Task) error {
		if v, err := c.Recv(task); v != 1 || err != nil {
			t.Errorf("Recv: %d, %v, want 1", v, err)
		}
		return nil
	})
	cancel(errCase)
	r.wait(t, canceled, "the canceled task ends")
	r.sends(t, c, 1)
	r.wait(t, next, "the next task in line gets the item")
}

// Each item whose Send succeeded is received exactly once, and no other item is, while tasks on
// both sides are canceled.
func chanNothingLost(t T, r *Fixture) {
	r.start(t, sched.Options{})
	for size := range 3 {
		r.exchange(t, size)
	}
}

// exchange has tasks of both loops and goroutines send and receive, and cancels some of the tasks.
func (r *Fixture) exchange(t T, size int) {
	const tasks, rounds = 4, 40
	c := r.ops.channel(size)
	var mu sync.Mutex // guards what follows
	var sent, received []int
	var senders, receivers []<-chan struct{}
	loops := []*sched.Loop{r.loop(), r.otherLoop()}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	for i := range tasks {
		of := context.Background()
		if i%2 == 1 {
			of = ctx
		}
		senders = append(senders, r.spawn(t, loops[i%len(loops)], of, "sends", func(task *sched.Task) error {
			for n := range rounds {
				v := i*rounds + n
				if i%2 == 1 && n == rounds/2 {
					cancel(errCase)
				}
				if err := c.Send(task, v); err != nil {
					continue
				}
				mu.Lock()
				sent = append(sent, v)
				mu.Unlock()
			}
			return nil
		}))
		receivers = append(receivers, r.spawn(t, loops[i%len(loops)], of, "receives", func(task *sched.Task) error {
			for {
				v, err := c.Recv(task)
				if err != nil {
					return nil
				}
				mu.Lock()
				received = append(received, v)
				mu.Unlock()
			}
		}))
	}
	for _, d := range senders {
		r.wait(t, d, "a sender ends")
	}
	c.Close()
	for _, d := range receivers {
		r.wait(t, d, "a receiver ends")
	}
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(sent)
	slices.Sort(received)
	if !slices.Equal(sent, received) {
		t.Errorf("size %d: sent %d items, received %d:\n%v\n%v", size, len(sent), len(received), sent, received)
	}
}

func chanMisuse(t T, r *Fixture) {
	r.start(t, sched.Options{})
	r.checkMisuse(t, "a negative size", func(*sched.Task) { r.ops.channel(-1) })
}
