package queuetest

import (
	"math"
	"time"

	"github.com/edgewise-go/edgewise/queue"
)

func completionPollCases() []Case {
	return []Case{
		completing("poll", "OpPoll", "OpPoll waits until a direction of Interest is ready. Its result is a Ready.",
			"io_uring_prep_poll_add(3)", completesPoll),
		completing("poll-directions", "OpPoll", "OpPoll reports only directions of Interest.",
			"epoll(7)", completesPollDirections),
		completing("poll-hang-up", "Op.Interest", "Errors and hang-ups are always reported.",
			"tokio#2218", completesPollHangUp),
		completing("poll-multi", "Op.Multi", "Multi keeps an OpPoll going after a completion: each arrival at a drained handle is reported.",
			"liburing test/poll-mshot-wake", completesPollMulti),
		completing("timeout", "OpTimeout", "OpTimeout completes after After, and never before.",
			"libxev#214", completesTimeout),
		completing("timeout-order", "OpTimeout", "A short OpTimeout does not wait for a longer one that was submitted before.",
			"tokio#8252", completesTimeoutOrder),
		completing("timeout-many", "OpTimeout", "Many operations that end at the same time all complete.",
			"zio#623", completesTimeoutMany),
		completing("token", "Op.Token", "Token comes back in every completion of the operation, whatever it is.",
			"evio 70e0b0e", completesToken),
		completing("kind", "Event.Kind", "Each completion has the kind of its operation.",
			"io_uring_sqe(7): user_data is all that comes back", completesKind),
		completing("id", "OpID", "No operation has the zero OpID. The queue does not use an id again before 2^32 operations have taken its place.",
			"tokio#6133", completesID),
	}
}

func completesPoll(t T, c *completer) {
	a, b := pair(t)
	for range 3 {
		o := c.submit(queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Readable})
		c.pending(o, "without a byte")
		b.send(t, 1)
		e := c.await(o)
		if ready := queue.Ready(e.Result); e.Result < 0 || !ready.Directions().Has(queue.Readable) {
			t.Errorf("got result %#x (%v), want readable", e.Result, e.Err())
		}
		c.f.read(t, a, 1)
	}
}

func completesPollDirections(t T, c *completer) {
	a, b := pair(t)
	b.send(t, 1)
	c.await(c.submit(queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Readable})) // it has arrived
	for _, i := range []queue.Interest{queue.Writable, queue.Readable} {
		e := c.await(c.submit(queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: i}))
		if got := queue.Ready(e.Result).Directions(); e.Result < 0 || got != i {
			t.Errorf("got result %#x (%v), want %v only", e.Result, e.Err(), i)
		}
	}
	fill(t, a)
	o := c.submit(queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Writable})
	c.pending(o, "although only the other direction is ready")
}

func completesPollHangUp(t T, c *completer) {
	a, b := pair(t)
	fill(t, a)
	o := c.submit(queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Writable})
	c.pending(o, "without room")
	b.close(t)
	e := c.await(o)
	if ready := queue.Ready(e.Result); e.Result < 0 || !ready.Ends() {
		t.Errorf("got result %#x (%v), want a hang-up", e.Result, e.Err())
	}
}

func completesPollMulti(t T, c *completer) {
	a, b := pair(t)
	o := c.submit(queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Readable, Multi: true})
	for i := range 8 {
		c.fence()
		seen := len(o.got)
		b.send(t, 1)
		e := c.count(o, seen+1)
		if e.Completion&queue.More == 0 {
			t.Fatalf("completion %d of an OpPoll with Multi is terminal: result %d (%v)", i+1, e.Result, e.Err())
		}
		if !queue.Ready(e.Result).Directions().Has(queue.Readable) {
			t.Errorf("got result %#x, want readable", e.Result)
		}
		c.f.read(t, a, 1)
	}
	c.cancel(o)
	c.fails(o, queue.ErrCanceled)
}

func completesTimeout(t T, c *completer) {
	for _, timeout := range []struct {
		after time.Duration
		// A timeout that ends early may appear to last if its thread loses the processor. At least
		// one of many does not.
		times int
	}{
		{0, 1}, {1, 1}, {499 * time.Microsecond, 20}, {1500 * time.Microsecond, 20}, {30 * time.Millisecond, 1},
	} {
		for range timeout.times {
			begin := time.Now()
			c.result(c.submit(queue.Op{Kind: queue.OpTimeout, After: timeout.after}), 0)
			if took := time.Since(begin); took < timeout.after {
				t.Errorf("a timeout of %v completes after %v", timeout.after, took)
			}
		}
	}
	o := c.submit(queue.Op{Kind: queue.OpTimeout, After: math.MaxInt64})
	c.pending(o, "although its time is 292 years")
}

func completesTimeoutOrder(t T, c *completer) {
	long := c.submit(queue.Op{Kind: queue.OpTimeout, After: time.Hour})
	short := c.submit(queue.Op{Kind: queue.OpTimeout, After: 10 * time.Millisecond})
	c.result(short, 0)
	c.pending(long, "with a shorter one")
}

func completesTimeoutMany(t T, c *completer) {
	const n = 2048
	var all []*operation
	for range n {
		all = append(all, c.submit(queue.Op{Kind: queue.OpTimeout, After: time.Millisecond}))
	}
	for _, o := range all {
		c.result(o, 0)
	}
}

func completesToken(t T, c *completer) {
	a, b := pair(t)
	for _, token := range []queue.Token{1, 1 << 31, 1 << 32, math.MaxUint64} {
		o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 1), Token: token})
		b.send(t, 1)
		c.result(o, 1)
		if o.token != token {
			t.Errorf("got token %d, want %d", o.token, token)
		}
		c.result(c.submit(queue.Op{Kind: queue.OpTimeout, Token: token}), 0)
	}
	// Token zero, which submit would replace.
	_, err := c.Submit(&queue.Op{Kind: queue.OpTimeout})
	must(t, err)
	o := &operation{kind: queue.OpTimeout}
	c.ops[0] = o
	c.result(o, 0)
}

func completesKind(t T, c *completer) {
	var all []*operation
	for _, op := range idle(t, c) {
		all = append(all, c.submit(op))
	}
	all = append(all, c.chain(queue.Op{Kind: queue.OpTimeout}, queue.Op{Kind: queue.OpTimeout})...)
	c.fence()
	for _, o := range all {
		_ = c.Cancel(o.id)
		if e := c.await(o); e.Kind != o.kind {
			t.Errorf("%v: the completion has kind %v", o, e.Kind)
		}
	}
}

func completesID(t T, c *completer) {
	const n, together = 10_000, 50
	seen := map[queue.OpID]bool{}
	var all []*operation
	for i := range n {
		o := c.submit(queue.Op{Kind: queue.OpTimeout})
		if seen[o.id] {
			t.Fatalf("operation %d has an id that an earlier one had: %#x", i, o.id)
		}
		seen[o.id] = true
		if all = append(all, o); len(all) == together {
			for _, o := range all {
				c.result(o, 0)
				c.forget(o)
			}
			all = all[:0]
		}
	}
}
