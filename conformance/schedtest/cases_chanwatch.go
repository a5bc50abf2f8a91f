package schedtest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
)

// selecting is a task that waits in a Select and tries a channel each time it is woken.
func (r *Fixture) selecting(t T, watch func(w sched.Waker) error, try func() (over bool)) <-chan struct{} {
	t.Helper()
	sel := r.loop().Waiter().NewSelect()
	if err := watch(sel); err != nil {
		t.Fatalf("watch: %v", err)
	}
	return r.spawn(t, r.loop(), context.Background(), "selects", func(*sched.Task) error {
		defer sel.Close()
		for !try() {
			if err := sel.Wait(nil, time.Time{}); err != nil {
				t.Errorf("Select.Wait: %v", err)
				return nil
			}
		}
		return nil
	})
}

func chanWatchItems(t T, r *Fixture) {
	r.start(t, sched.Options{})
	c := r.ops.channel(2)
	const items = 20
	var got []int
	done := r.selecting(t, c.WatchRecv, func() bool {
		for {
			v, err := c.TryRecv()
			if err != nil {
				return errors.Is(err, sched.ErrClosed)
			}
			got = append(got, v)
		}
	})
	r.do(t, "sends", func(task *sched.Task) error {
		for v := range items {
			if err := c.Send(task, v); err != nil {
				t.Errorf("Send: %v", err)
			}
		}
		return nil
	})
	r.fence(t)
	c.Close()
	r.wait(t, done, "a Select wakes for items and for Close")
	if len(got) != items || !slices.IsSorted(got) {
		t.Errorf("got %v, want %d items", got, items)
	}
	late := newBell()
	if err := c.WatchRecv(late); err != nil || !late.rang() {
		t.Errorf("WatchRecv on a channel with an item: %v, and the watcher was not woken", err)
	}
	idle, early := r.ops.channel(1), newBell()
	if err := idle.WatchRecv(early); err != nil || early.rang() {
		t.Errorf("WatchRecv on an empty channel: %v, and the watcher was woken", err)
	}
}

func chanWatchRoom(t T, r *Fixture) {
	r.start(t, sched.Options{})
	c := r.ops.channel(2)
	const items = 20
	next := 0
	done := r.selecting(t, c.WatchSend, func() bool {
		for next < items {
			if err := c.TrySend(next); err != nil {
				if !errors.Is(err, sched.ErrFull) {
					t.Errorf("TrySend: %v", err)
				}
				return false
			}
			next++
		}
		return true
	})
	r.do(t, "receives", func(task *sched.Task) error {
		for want := range items {
			if v, err := c.Recv(task); v != want || err != nil {
				t.Errorf("Recv: %d, %v, want %d", v, err, want)
				return nil
			}
		}
		return nil
	})
	r.wait(t, done, "a Select wakes for room")
	full, b := r.ops.channel(1), newBell()
	r.sends(t, full, 1)
	if err := full.WatchSend(b); err != nil || b.rang() {
		t.Errorf("WatchSend on a full channel: %v, and the watcher was woken", err)
	}
	full.Close()
	if !b.rang() {
		t.Errorf("Close did not wake a watcher that waits for room")
	}
}

func chanWatchByHandler(t T, r *Fixture) {
	r.start(t, sched.Options{})
	c := r.ops.channel(1)
	a, _ := r.pair(t)
	var got []int
	s := newScript(func(sched.HandlerTask, sched.Cause) sched.Next {
		for {
			v, err := c.TryRecv()
			switch {
			case errors.Is(err, sched.ErrEmpty):
				return sched.WaitFor(queue.None)
			case err != nil:
				return sched.Done(nil)
			}
			got = append(got, v)
		}
	})
	task := r.handle(t, a, s)
	if err := c.WatchRecv(task); err != nil {
		t.Errorf("WatchRecv: %v", err)
	}
	r.do(t, "sends", func(task *sched.Task) error {
		for v := range 10 {
			if err := c.Send(task, v); err != nil {
				t.Errorf("Send: %v", err)
			}
		}
		return nil
	})
	c.Close()
	r.wait(t, s.ended, "a handler wakes for items and for Close")
	if len(got) != 10 || !slices.IsSorted(got) {
		t.Errorf("the handler got %v", got)
	}
}

func chanWatchersBound(t T, r *Fixture) {
	r.start(t, sched.Options{})
	c := r.ops.channel(1)
	for _, watch := range []func(sched.Waker) error{c.WatchRecv, c.WatchSend} {
		first := newBell()
		if err := errors.Join(watch(first), watch(first)); err != nil {
			t.Errorf("watch: %v", err)
		}
		for i := range sched.MaxWatchers - 1 {
			if err := watch(newBell()); err != nil {
				t.Errorf("watcher %d of %d: %v", i+2, sched.MaxWatchers, err)
			}
		}
		if err := watch(newBell()); !errors.Is(err, sched.ErrFull) {
			t.Errorf("watcher beyond MaxWatchers: %v, want ErrFull", err)
		}
		c.Unwatch(first)
		if err := watch(newBell()); err != nil {
			t.Errorf("watch in the place of a removed watcher: %v", err)
		}
	}
}

func chanUnwatch(t T, r *Fixture) {
	r.start(t, sched.Options{})
	c := r.ops.channel(1)
	gone, stays := newBell(), newBell()
	for _, b := range []bell{gone, stays} {
		if err := errors.Join(c.WatchRecv(b), c.WatchSend(b)); err != nil {
			t.Errorf("watch: %v", err)
		}
		b.rang() // there is room
	}
	c.Unwatch(gone)
	for _, step := range []struct {
		name string
		f    func()
	}{
		{"an item", func() { r.sends(t, c, 1) }},
		{"room", func() { r.receives(t, c, 1) }},
		{"Close", c.Close},
	} {
		step.f()
		if !stays.rang() || gone.rang() {
			t.Errorf("%s did not wake its watchers, or woke one that was removed", step.name)
		}
	}
}
