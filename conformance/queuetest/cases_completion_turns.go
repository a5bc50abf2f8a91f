package queuetest

import (
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func completionTurnCases() []Case {
	return []Case{
		completing("submit-while-waiting", "Completer.Submit", "If a Wait is running, Submit makes it take the operation.",
			"tokio-uring#80", submitsWhileWaiting),
		completing("submit-anywhere", "Completer", "All methods may be called from any goroutine at any time: several submit at once.",
			"io_uring_setup(2), IORING_SETUP_SINGLE_ISSUER", submitsAnywhere),
		completing("submit-in-handling", "Completer.Submit", "An operation may be submitted between two Waits, on the handle of a completion that the first returned.",
			"libuv 7026ae0f, netty#15480", submitsInHandling),
		completing("polls", "Queue.Wait", "Waits with timeout zero suffice for operations to make progress.",
			"io_uring_setup(2), IORING_SETUP_DEFER_TASKRUN", completesByPolling),
		completing("ping-pong", "Completer.Submit", "The operations that a turn submits enter the kernel in the next Wait, which does not block before they do.",
			"commonware#978", pingPong),
		completing("one-slot", "Completer", "Each submitted operation has exactly one terminal completion, even if a Wait has room for one event only.",
			"tokio#8277", oneSlot),
		completing("flood", "Op.Multi", "Multi keeps an operation going although far more completions come than a Wait takes.",
			"liburing test/poll-mshot-wake", flood),
		completing("shut-behind-data", "Op.Multi", "An OpPoll with Multi reports the end of a stream that follows its last byte.",
			"liburing#1549", shutBehindData),
		completing("readiness", "Completer", "Wait returns completions and readiness together, also of the same handle.",
			"compio", besideReadiness),
		completing("waiters", "Completer", "Each submitted operation has exactly one terminal completion, however many Waits are running.",
			"mio#1341", completionWaiters),
	}
}

func submitsWhileWaiting(t T, c *completer) {
	a, b := pair(t)
	b.send(t, 8)
	for _, timeout := range []time.Duration{-1, time.Hour} {
		for _, op := range []queue.Op{
			{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 1)},
			{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Readable},
			{Kind: queue.OpTimeout, After: time.Millisecond},
		} {
			var o *operation
			events := make([]queue.Event, eventsMax)
			var n int
			var err error
			c.fence()
			await := startBlocked(t, "a blocked wait with nothing to report", func() {
				for n == 0 && err == nil {
					n, err = c.Wait(events, timeout)
				}
			})
			o = c.submit(op)
			await(t, "wait for the completion of an operation that was submitted meanwhile")
			must(t, err)
			for _, e := range events[:n] {
				c.file(e)
			}
			if c.await(o); o.got[0].Result < 0 {
				t.Errorf("%v: %v", o, o.got[0].Err())
			}
		}
	}
}

func submitsAnywhere(t T, c *completer) {
	const goroutines, each = 4, 500
	var submitted sync.WaitGroup
	for g := range goroutines {
		for i := range each {
			c.ops[queue.Token(g*each+i)+firstToken] = &operation{kind: queue.OpTimeout, token: queue.Token(g*each+i) + firstToken}
		}
	}
	for g := range goroutines {
		submitted.Go(func() {
			for i := range each {
				if _, err := c.Submit(&queue.Op{Kind: queue.OpTimeout, Token: queue.Token(g*each+i) + firstToken}); err != nil {
					t.Errorf("submit on another goroutine: %v", err)
					_ = c.Close()
					return
				}
			}
		})
	}
	for _, o := range c.ops {
		c.result(o, 0)
	}
	submitted.Wait()
}

func submitsInHandling(t T, c *completer) {
	a, b := pair(t)
	const rounds = 1000
	want := pattern(rounds, 1)
	got := make([]byte, 0, rounds)
	p := make([]byte, 1)
	o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: p})
	for i := range rounds {
		if i%2 == 0 { // the other times, the next operation finds its byte
			b.write(t, want[i:min(i+2, rounds)])
		}
		c.result(o, 1)
		got = append(got, p[0])
		c.forget(o)
		// A receive that is canceled and started anew while the completion is handled.
		o = c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: p})
		if i%2 == 1 {
			c.cancel(o)
			c.fails(o, queue.ErrCanceled)
			c.forget(o)
			o = c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: p})
		}
	}
	same(t, "received", got, want)
}

func completesByPolling(t T, c *completer) {
	a, b := pair(t)
	ended := func(o *operation) {
		suite.Until(t, "a completion by Waits that poll: "+o.String(), func() bool {
			c.turn(0)
			return o.ended
		})
	}
	for range 3 {
		o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 1)})
		c.turn(0)
		ended(c.submit(queue.Op{Kind: queue.OpSend, Handle: b.handle, Data: make([]byte, 1)}))
		ended(o)
		ended(c.submit(queue.Op{Kind: queue.OpTimeout, After: time.Millisecond}))
		o = c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 1)})
		c.turn(0)
		c.cancel(o)
		ended(o)
	}
}

func pingPong(t T, c *completer) {
	a, b := pair(t)
	x, y := make([]byte, 1), make([]byte, 1)
	for i := range 1000 {
		atA := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: x})
		atB := c.submit(queue.Op{Kind: queue.OpRecv, Handle: b.handle, Data: y})
		ping := c.submit(queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: []byte{byte(i)}})
		c.result(atB, 1)
		pong := c.submit(queue.Op{Kind: queue.OpSend, Handle: b.handle, Data: []byte{y[0] + 1}})
		c.result(atA, 1)
		if x[0] != byte(i)+1 {
			t.Fatalf("round %d: got %d back, want %d", i, x[0], byte(i)+1)
		}
		for _, o := range []*operation{ping, pong} {
			c.result(o, 1)
			c.forget(o)
		}
		c.forget(atA)
		c.forget(atB)
	}
}

func oneSlot(t T, c *completer) {
	c.events = make([]queue.Event, 1)
	a, b := pair(t)
	const n = 200
	var all []*operation
	for range n {
		all = append(all, c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 1)}),
			c.submit(queue.Op{Kind: queue.OpTimeout}), c.submit(queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Writable}))
	}
	c.turn(0)
	b.send(t, n)
	for _, o := range all {
		if e := c.await(o); e.Result < 0 {
			t.Errorf("%v: %v", o, e.Err())
		}
	}
}

// flood lets completions of operations with Multi pile up, takes them, and then expects more.
func flood(t T, c *completer) {
	const handles, arrivals = 64, 64
	var polls []*operation
	var ends [][2]*end
	for range handles {
		a, b := pair(t)
		ends = append(ends, [2]*end{a, b})
		polls = append(polls, c.submit(queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Readable, Multi: true}))
	}
	c.fence()
	for range arrivals {
		for _, e := range ends {
			e[1].send(t, 1)
			c.f.read(t, e[0], 1)
		}
	}
	c.events = make([]queue.Event, 1)
	for c.turn(0) > 0 {
	}
	c.fence()
	for i, e := range ends {
		before := len(polls[i].got)
		e[1].send(t, 1)
		c.until(func() bool { return polls[i].ended || len(polls[i].got) > before }, "a completion of %v for the last byte", polls[i])
	}
	for _, o := range polls {
		if o.ended {
			e := o.got[len(o.got)-1]
			t.Fatalf("%v with Multi ends after %d completions: result %d (%v)", o, len(o.got), e.Result, e.Err())
		}
	}
}

func shutBehindData(t T, c *completer) {
	for range 200 {
		a, b := pair(t)
		o := c.submit(queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Readable, Multi: true})
		c.turn(0)
		b.send(t, 1)
		must(t, sys.Shutdown(b.handle, sys.ShutWriting))
		taken, bytes, p := 0, 0, make([]byte, 8)
		for ended := false; !ended; {
			c.count(o, taken+1)
			taken = len(o.got)
			for {
				n, err := sys.Read(a.handle, p)
				if err == sys.ErrWouldBlock {
					break
				}
				must(t, err)
				if ended = n == 0; ended {
					break
				}
				bytes += n
			}
		}
		if bytes != 1 {
			t.Fatalf("got %d bytes before the end, want 1", bytes)
		}
		if !o.ended {
			c.cancel(o)
		}
		c.await(o)
		c.forget(o)
		a.close(t)
		b.close(t)
	}
}

func besideReadiness(t T, c *completer) {
	a, b := pair(t)
	r := registration(1, queue.Writable, queue.Level)
	o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 8)})
	must(t, c.Add(a.handle, r)) // the operation is no registration
	writable := func(token queue.Token, why string) {
		t.Helper()
		clear(c.readiness)
		c.until(func() bool { return c.readiness[token].Directions().Has(queue.Writable) }, "readiness of token %d %s", token, why)
	}
	writable(1, "while an operation is in flight")
	b.send(t, 1)
	c.result(o, 1)
	writable(1, "after an operation on the handle")
	o = c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 8)})
	p := c.submit(queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Readable})
	c.fence()
	r.Token = 2
	must(t, c.Modify(a.handle, r))
	writable(2, "after Modify")
	c.cancel(p)
	c.fails(p, queue.ErrCanceled)
	writable(2, "after Cancel of an operation on the handle")
	must(t, c.Delete(a.handle))
	clear(c.readiness)
	c.pending(o, "when the registration of its handle ends")
	if got := c.readiness[2]; got != 0 {
		t.Errorf("token 2 is reported %v after Delete", got.Directions())
	}
	b.send(t, 2)
	c.result(o, 2)
	wantError(t, "delete of a handle that only operations use", c.Delete(a.handle), queue.ErrNotFound)
}

func completionWaiters(t T, c *completer) {
	const n, waiters = 400, 4
	a, b := pair(t)
	var mu sync.Mutex
	got := map[queue.Token]int{}
	done := make(chan struct{})
	stop := c.f.waiters(t, waiters, noStamp, func(e queue.Event, _ int64) {
		mu.Lock()
		defer mu.Unlock()
		if !e.Terminal() || e.Result < 0 {
			t.Errorf("got %+v, want a terminal completion", e)
		}
		if got[e.Token]++; len(got) == n && got[e.Token] == 1 {
			close(done)
		}
	})
	for i := range n {
		op := queue.Op{Kind: queue.OpTimeout, Token: queue.Token(i + 1)}
		if i%2 == 0 {
			op = queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 1), Token: queue.Token(i + 1)}
		}
		_, err := c.Submit(&op)
		must(t, err)
		if i%2 == 0 {
			b.send(t, 1)
		}
	}
	suite.Receive(t, "the completions of all operations", done)
	stop(t)
	c.fence()
	for token, times := range got {
		if times != 1 {
			t.Errorf("the operation with token %d has %d terminal completions", token, times)
		}
	}
}
