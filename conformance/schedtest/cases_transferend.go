package schedtest

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

const transferEndRule = "However a handler ends while operations are in flight, End is called once and closes the Transfer. The peer then sees the end, and the queue gets its buffers back."

func transferEndCases() []Case {
	all := []Case{
		{ID: "transfer/panic", Doc: transferDoc, Run: transferPanic, Rule: transferEndRule, Source: "cloudwego/netpoll 238: a panic in a handler"},
		{ID: "transfer/next-handler", Doc: transferDoc, Run: transferNextHandler,
			Rule:   "The operations of a handler that has ended reach no other handler.",
			Source: "a slab that reuses its places"},
		{ID: "transfer/drain", Doc: "sched.Options.Completions", Run: transferDrain,
			Rule:   "A handler that transfers gets Draining once. Run returns when the bytes that closed connections have taken have left.",
			Source: "net/http.Server.Shutdown, and the last bytes of its answers"},
		{ID: "transfer/last-words", Doc: "sched.Handler.End", Run: transferLastWords, Needs: []Feature{OneQueue},
			Rule:   "Run returns after the last End, and what End has written leaves.",
			Source: "a worker that finds no task left while another one runs the last End"},
		{ID: "transfer/cancel", Doc: "sched.Options.Completions", Run: transferCancel,
			Rule:   "When its tasks are canceled, the loop does not wait for peers: bytes of closed connections that the kernel does not take are dropped.",
			Source: "a peer that does not read, and holds up the end of a program"},
		{ID: "transfer/queue-fails", Doc: "sched.Loop.Run", Run: transferQueueFails,
			Rule:   "If the queue fails, handlers that transfer end with ErrStopped, and their connections end.",
			Source: "an operation that no queue will complete"},
	}
	for i := range all {
		all[i].Needs = append(all[i].Needs, Transfers)
	}
	return all
}

// crowd is handlers that transfer in different states.
type crowd struct {
	movers []*moved
	peers  []sys.Handle
	causes [sched.Resumed + 1]atomic.Int32

	taken   atomic.Int64 // bytes of the last one
	filling []byte
}

// gather starts a handler that waits for bytes, one that does not read what has come, and one with
// bytes that its peer has not read. It returns when they have operations in flight. Each calls next
// in later steps.
func (r *Fixture) gather(t T, next func(c sched.Cause) sched.Next) *crowd {
	t.Helper()
	k := &crowd{filling: counting(64 << 10)}
	var waits atomic.Int32
	for _, begin := range []func(m *moved) sched.Next{
		func(m *moved) sched.Next {
			if _, err := m.TryRead(make([]byte, 1)); err != sys.ErrWouldBlock {
				t.Errorf("a read without bytes: %v", err)
			}
			return sched.WaitFor(queue.Readable)
		},
		func(m *moved) sched.Next {
			if _, err := m.TryRead(make([]byte, 1)); err != sys.ErrWouldBlock {
				t.Errorf("a read without bytes: %v", err)
			}
			return sched.WaitFor(queue.None)
		},
		func(m *moved) sched.Next {
			for _, piece := range []int{len(k.filling), 1000} { // past the Transfer, and copied by it
				for {
					rest := k.filling[int(k.taken.Load())%len(k.filling):]
					n, err := m.TryWrite(rest[:min(len(rest), piece)])
					k.taken.Add(int64(n))
					if err == sys.ErrWouldBlock {
						break
					}
					if err != nil {
						t.Errorf("write: %v", err)
						return sched.Done(err)
					}
				}
			}
			return sched.WaitFor(queue.None)
		},
	} {
		own, peer := r.half(t)
		m := r.mover(t, own, func(m *moved, c sched.Cause) sched.Next {
			k.causes[c].Add(1)
			if c == sched.Started {
				defer waits.Add(1)
				return begin(m)
			}
			return next(c)
		})
		m.heedsDrain = false
		if len(k.movers) == 0 {
			m.says(t, "last words")
		}
		r.handle(t, own, m.script)
		k.movers, k.peers = append(k.movers, m), append(k.peers, peer)
	}
	r.until(t, func() bool { return int(waits.Load()) == len(k.movers) }, "the handlers wait")
	send(t, k.peers[1], "unread")
	r.until(t, func() bool { return r.lent() == 1 }, "bytes have come that no handler reads")
	r.fence(t)
	return k
}

// says makes the End of m write text.
func (m *moved) says(t T, text string) {
	closes := m.end
	m.end = func(err error) {
		if n, werr := m.TryWrite([]byte(text)); (n != len(text) || werr != nil) && !errors.Is(err, sched.ErrStopped) {
			t.Errorf("a write in End: %d, %v", n, werr)
		}
		closes(err)
	}
}

// ended wants each handler to have ended once, with want.
func (k *crowd) ended(t T, r *Fixture, want error) {
	t.Helper()
	for _, m := range k.movers {
		r.wait(t, m.script.ended, "a handler ends")
		if n := m.ends.Load(); n != 1 || !errors.Is(m.err, want) {
			t.Errorf("End was called %d times, with %v, want once with %v", n, m.err, want)
		}
	}
}

func transferPanic(t T, r *Fixture) {
	r.start(t, sched.Options{})
	k := r.gather(t, func(sched.Cause) sched.Next { panic(errCase) })
	for i := range k.movers {
		r.ops.wake(k.movers[i].task)
	}
	k.ended(t, r, errCase)
	for _, peer := range k.peers {
		r.over(t, peer)
	}
	r.until(t, func() bool { return r.lent() == 0 }, "the queue has its buffers back")
}

func transferNextHandler(t T, r *Fixture) {
	r.start(t, sched.Options{})
	for range 10 {
		own, peer := r.half(t)
		next, feeder := r.half(t)
		var steps atomic.Int32
		second := r.mover(t, next, func(m *moved, c sched.Cause) sched.Next {
			steps.Add(1)
			if c != sched.Started && c != sched.Ready {
				t.Errorf("Step of the next handler was called with %v", c)
			}
			p := make([]byte, 8)
			switch n, err := m.TryRead(p); {
			case err == sys.ErrWouldBlock:
				return sched.WaitFor(queue.Readable)
			case string(p[:n]) != "for it":
				t.Errorf("the next handler read %q", p[:n])
				fallthrough
			default:
				return sched.Done(err)
			}
		})
		first := r.mover(t, own, func(m *moved, c sched.Cause) sched.Next {
			if n, err := m.TryRead(make([]byte, 1)); err != sys.ErrWouldBlock {
				t.Errorf("a read without bytes: %d, %v", n, err)
			}
			if c == sched.Woken {
				return sched.Done(nil)
			}
			return sched.WaitFor(queue.Readable)
		})
		closes := first.end
		first.end = func(err error) {
			send(t, peer, "late")
			closes(err)
			if _, err := r.ops.handle(r.loop(), next, second.script); err != nil {
				t.Errorf("StartHandler: %v", err)
			}
		}
		task := r.handle(t, own, first.script)
		r.fence(t)
		r.ops.wake(task)
		r.wait(t, first.ended, "the first handler ends")
		r.over(t, peer)
		r.until(t, func() bool { return steps.Load() > 0 }, "the next handler starts")
		r.fence(t)
		send(t, feeder, "for it")
		r.wait(t, second.ended, "the next handler gets its bytes")
		if second.err != nil {
			t.Errorf("the next handler ended with %v", second.err)
		}
	}
	r.until(t, func() bool { return r.lent() == 0 }, "the queue has its buffers back")
}

func transferDrain(t T, r *Fixture) {
	r.start(t, sched.Options{})
	k := r.gather(t, func(sched.Cause) sched.Next { return sched.Done(nil) })
	r.ops.drain(r.s)
	k.ended(t, r, nil)
	if n := k.causes[sched.Draining].Load(); int(n) != len(k.movers) {
		t.Errorf("%d handlers got Draining %d times", len(k.movers), n)
	}
	r.arrives(t, k.peers[0], []byte("last words"))
	r.over(t, k.peers[0])
	r.over(t, k.peers[1])
	r.arrives(t, k.peers[2], repeated(k.filling, k.taken.Load()))
	r.over(t, k.peers[2])
	r.wait(t, r.ran, "Run returns when the last bytes have left")
	if n := r.lent(); r.runErr != nil || n != 0 {
		t.Errorf("Run: %v; %d buffers are lent", r.runErr, n)
	}
}

// While one worker runs the last End, others make turns and find no task left.
func transferLastWords(t T, r *Fixture) {
	r.start(t, sched.Options{})
	own, peer := r.half(t)
	begun := make(chan struct{})
	m := r.mover(t, own, func(*moved, sched.Cause) sched.Next {
		close(begun)
		return sched.WaitFor(queue.None)
	})
	m.says(t, "last words")
	says := m.end
	m.end = func(err error) {
		r.fence(t)
		says(err)
	}
	r.handle(t, own, m.script)
	r.wait(t, begun, "the handler begins")
	r.ops.drain(r.s)
	r.wait(t, r.ran, "Run returns after Drain")
	r.arrives(t, peer, []byte("last words"))
	r.over(t, peer)
}

func transferCancel(t T, r *Fixture) {
	r.start(t, sched.Options{})
	k := r.gather(t, func(sched.Cause) sched.Next { return sched.WaitFor(queue.None) })
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errCase)
	var err error
	r.wait(t, r.goes(func() { err = r.ops.shutdown(r.s, ctx) }), "Shutdown returns, although a peer does not read")
	if !errors.Is(err, errCase) {
		t.Errorf("Shutdown: %v, want the cause of its context", err)
	}
	k.ended(t, r, errCase)
	r.wait(t, r.ran, "Run returns")
	r.arrives(t, k.peers[0], []byte("last words"))
	for _, peer := range k.peers {
		r.over(t, peer)
	}
	if n := r.lent(); n != 0 {
		t.Errorf("%d buffers are lent", n)
	}
}

func transferQueueFails(t T, r *Fixture) {
	r.make(t, sched.Options{})
	r.run(t, context.Background())
	k := r.gather(t, func(sched.Cause) sched.Next { return sched.WaitFor(queue.None) })
	r.breakQueues()
	k.ended(t, r, sched.ErrStopped)
	r.wait(t, r.ran, "Run returns after its queue fails")
	if !errors.Is(r.runErr, queue.ErrClosed) {
		t.Errorf("Run: %v, want the queue's error", r.runErr)
	}
	for _, peer := range k.peers {
		r.over(t, peer)
	}
	if n := r.lent(); n != 0 {
		t.Errorf("%d buffers are lent", n)
	}
}
