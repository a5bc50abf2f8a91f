package schedtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/urgent"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

const transferDoc = "sched.HandlerTask.Transfer"

func transferCases() []Case {
	all := []Case{
		{ID: "transfer/in-order", Doc: transferDoc, Run: transferInOrder,
			Rule:   "Transfer makes the queue move the bytes of the handle: all of them, in both directions, in order.",
			Source: "a message that is longer than a buffer, or than what the kernel takes"},
		{ID: "transfer/would-block", Doc: transferDoc, Run: transferWouldBlock,
			Rule:   "After a try that would block, WaitFor in the same direction ends with Ready when a try makes sense again.",
			Source: "epoll(7), for code that was written for readiness"},
		{ID: "transfer/end-of-stream", Doc: transferDoc, Run: transferEndOfStream,
			Rule:   "The end of the stream follows the last bytes, and each later read returns it. Writes continue.",
			Source: "a client that ends its request with a half-close"},
		{ID: "transfer/reset", Doc: transferDoc, Run: transferReset, Needs: []Feature{ResetErrors},
			Rule:   "A reset by the peer ends the wait of a step with Ready. Reads and writes then fail, and no read would block.",
			Source: "a connection that waits for a peer that is gone"},
		{ID: "transfer/other-causes", Doc: transferDoc, Run: transferOtherCauses,
			Rule:   "A step with another cause ends no operation: what arrives meanwhile is there for the next try.",
			Source: "a timer that is due while bytes are on their way"},
		{ID: "transfer/again", Doc: "sched.Options.Completions", Run: transferAgain,
			Rule:   "A small write leaves, and bytes arrive, when the task ends its turn, also if it does not wait.",
			Source: "a handler that polls for its answer"},
		{ID: "transfer/bound", Doc: "sched.Loop.StartHandler", Run: transferBound,
			Rule:   "As many handlers transfer as the loop has tasks, each its own bytes. The next one is refused, and those that end make room.",
			Source: "gnet 423: unbounded memory"},
		{ID: "transfer/stop", Doc: transferDoc, Run: transferStop,
			Rule:   "Stop makes the handler wait for readiness again. What has arrived is read first. After Release, the handle is the caller's.",
			Source: "a handler that passes its connection on"},
	}
	for i := range all {
		all[i].Needs = append(all[i].Needs, Transfers)
	}
	return append(all,
		Case{ID: "transfer/refused", Doc: transferDoc, Run: transferRefused,
			Rule:   "Transfer returns nil if the loop only reports readiness, or if t has a Transfer. The handler then remains as it was.",
			Source: "a handler for loops of both kinds"},
		Case{ID: "transfer/no-operations", Doc: "sched.Options.Completions", Run: transferNoOperations,
			Rule:   "Run returns an error if Completions are asked for and the queue is no queue.Completer.",
			Source: "an option that has no effect, unnoticed"},
	)
}

func transferInOrder(t T, r *Fixture) {
	r.start(t, sched.Options{})
	own, peer := r.half(t)
	m := r.moves(t, own, echo(t))
	for _, size := range []int{1, 100, 4 << 10, 4<<10 + 1, 300 << 10, 3} {
		data := counting(size)
		r.swaps(t, peer, data, data)
	}
	if err := sys.Shutdown(peer, sys.ShutWriting); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	r.wait(t, m.ended, "the handler sees the end of the stream")
	if m.err != nil {
		t.Errorf("the handler ended with %v", m.err)
	}
	r.over(t, peer)
}

func transferWouldBlock(t T, r *Fixture) {
	r.start(t, sched.Options{})
	own, peer := r.half(t)
	var waits, filled atomic.Int32
	data := counting(64 << 10)
	m := r.moves(t, own, func(m *moved, c sched.Cause) sched.Next {
		p := make([]byte, 8)
		n, err := m.TryRead(p)
		switch {
		case err == sys.ErrWouldBlock:
			waits.Add(1)
			return sched.WaitFor(queue.Readable)
		case err != nil || p[0] == 'e':
			return sched.Done(err)
		case n != 1 || p[0] != 'f':
			t.Errorf("read %q", p[:n])
		}
		return sched.Done(errCase)
	})
	r.until(t, func() bool { return waits.Load() > 0 }, "a read would block")
	r.fence(t)
	send(t, peer, "e")
	r.wait(t, m.ended, "a step is called when bytes have come")
	if m.err != nil {
		t.Errorf("the handler ended with %v", m.err)
	}

	own, peer = r.half(t)
	var taken atomic.Int64
	m = r.moves(t, own, func(m *moved, c sched.Cause) sched.Next {
		left := len(data) // after the write that would block
		for filled.Load() == 0 || left > 0 {
			n, err := m.TryWrite(data[int(taken.Load())%len(data):])
			taken.Add(int64(n))
			switch {
			case err == sys.ErrWouldBlock:
				filled.Add(1)
				return sched.WaitFor(queue.Writable)
			case err != nil:
				return sched.Done(err)
			case filled.Load() > 0:
				left -= n
			}
		}
		return sched.Done(nil)
	})
	r.until(t, func() bool { return filled.Load() > 0 }, "a write would block")
	r.fence(t)
	r.arrives(t, peer, repeated(data, taken.Load()))
	r.until(t, func() bool {
		_, _ = sys.Recv(peer, make([]byte, 16<<10)) // what the case needs is that there is room
		return closed(m.ended)
	}, "a step is called when there is room")
	if m.err != nil {
		t.Errorf("the handler ended with %v", m.err)
	}
	r.over(t, peer)
}

func transferEndOfStream(t T, r *Fixture) {
	r.start(t, sched.Options{})
	own, peer := r.half(t)
	var got []byte
	m := r.moves(t, own, func(m *moved, _ sched.Cause) sched.Next {
		p := make([]byte, 3)
		for {
			n, err := m.TryRead(p)
			switch got = append(got, p[:n]...); err {
			case nil:
				continue
			case sys.ErrWouldBlock:
				return sched.WaitFor(queue.Readable)
			case io.EOF:
			default:
				return sched.Done(err)
			}
			if _, err := m.TryRead(p); err != io.EOF {
				t.Errorf("a read after the end of the stream: %v, want io.EOF", err)
			}
			_, err = m.TryWrite([]byte("answer"))
			return sched.Done(err)
		}
	})
	send(t, peer, "question")
	if err := sys.Shutdown(peer, sys.ShutWriting); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	r.wait(t, m.ended, "the handler sees the end of the stream")
	if string(got) != "question" || m.err != nil {
		t.Errorf("the handler read %q and ended with %v", got, m.err)
	}
	r.arrives(t, peer, []byte("answer"))
	r.over(t, peer)
}

func transferReset(t T, r *Fixture) {
	r.start(t, sched.Options{})
	for _, unread := range []bool{false, true} {
		own, peer, err := urgent.Pair()
		if err != nil {
			t.Fatalf("TCP pair: %v", err)
		}
		begun := make(chan struct{})
		m := r.moves(t, own, func(m *moved, c sched.Cause) sched.Next {
			p := make([]byte, 8)
			n, err := m.TryRead(p)
			switch {
			case c == sched.Started:
				close(begun)
				if err != sys.ErrWouldBlock {
					t.Errorf("a read without bytes: %d, %v", n, err)
				}
				return sched.WaitFor(queue.Readable)
			case err == sys.ErrWouldBlock:
				return sched.WaitFor(queue.Readable)
			case err == nil:
				return sched.Again()
			}
			if _, err := m.TryRead(p); err == nil || err == sys.ErrWouldBlock {
				t.Errorf("a read after the reset: %v", err)
			}
			if _, err := m.TryWrite(p); sys.ClassOf(err) != sys.ClassDisconnected {
				t.Errorf("a write after the reset: %v", err)
			}
			return sched.Done(err)
		})
		r.wait(t, begun, "the handler begins")
		r.fence(t)
		if unread {
			send(t, peer, "unread")
		}
		if err := sys.SetLinger(peer, 0); err != nil {
			t.Errorf("linger: %v", err)
		}
		if err := sys.Close(peer); err != nil {
			t.Errorf("close: %v", err)
		}
		r.wait(t, m.ended, "the handler sees the reset")
		if sys.ClassOf(m.err) != sys.ClassDisconnected {
			t.Errorf("the read of a connection that was reset: %v", m.err)
		}
	}
}

// The handler waits for no direction. A Wake or the time makes it read.
func transferOtherCauses(t T, r *Fixture) {
	r.start(t, sched.Options{})
	own, peer := r.half(t)
	data := counting(10)
	var got []byte
	var read atomic.Int64
	m := r.moves(t, own, func(m *moved, c sched.Cause) sched.Next {
		if c != sched.Started && c != sched.Woken && c != sched.Expired {
			t.Errorf("Step was called with %v", c)
		}
		for p := make([]byte, 1); ; {
			n, err := m.TryRead(p)
			got = append(got, p[:n]...)
			read.Store(int64(len(got)))
			switch {
			case err == nil:
			case err == io.EOF:
				return sched.Done(nil)
			case err != sys.ErrWouldBlock:
				return sched.Done(err)
			case len(got)%2 == 0:
				return sched.WaitFor(queue.None)
			default:
				return sched.WaitFor(queue.None).Within(time.Microsecond)
			}
		}
	})
	for i := range data {
		send(t, peer, string(data[i:i+1]))
		r.fence(t)
		r.until(t, func() bool {
			if i%2 == 0 {
				r.ops.wake(m.started)
			}
			return int(read.Load()) > i
		}, "a byte is read")
	}
	if err := sys.Shutdown(peer, sys.ShutWriting); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	r.until(t, func() bool {
		r.ops.wake(m.started)
		return closed(m.ended)
	}, "the handler sees the end of the stream")
	if m.err != nil || !bytes.Equal(got, data) {
		t.Errorf("the handler read %d of %d bytes, and ended with %v", len(got), len(data), m.err)
	}
}

// The handler never waits. Its peer answers each byte.
func transferAgain(t T, r *Fixture) {
	const rounds = 4
	r.start(t, sched.Options{})
	own, peer := r.half(t)
	round, begun := 0, time.Now()
	m := r.moves(t, own, func(m *moved, c sched.Cause) sched.Next {
		p := []byte{byte(round)}
		if c == sched.Started {
			_, err := m.TryWrite(p)
			if err != nil {
				return sched.Done(err)
			}
			return sched.Again()
		}
		n, err := m.TryRead(p)
		switch {
		case err == sys.ErrWouldBlock && time.Since(begun) < r.late():
			return sched.Again()
		case err != nil || n != 1 || p[0] != byte(round):
			return sched.Done(fmt.Errorf("round %d: read %d of %d bytes: %w", round, p[0], n, err))
		}
		if round++; round == rounds {
			return sched.Done(nil)
		}
		if _, err := m.TryWrite([]byte{byte(round)}); err != nil {
			return sched.Done(err)
		}
		return sched.Again()
	})
	for i := range rounds {
		r.arrives(t, peer, []byte{byte(i)})
		send(t, peer, string([]byte{byte(i)}))
	}
	r.wait(t, m.ended, "the handler ends")
	if m.err != nil {
		t.Errorf("a handler that never waits: %v", m.err)
	}
}

func transferBound(t T, r *Fixture) {
	const tasks = 40
	r.start(t, sched.Options{MaxTasks: tasks})
	for range 2 {
		var movers []*moved
		var peers []sys.Handle
		var all []sys.Handle
		for range tasks {
			own, peer := r.half(t)
			movers = append(movers, r.mover(t, own, echo(t)))
			all, peers = append(all, own), append(peers, peer)
		}
		extra, _ := r.half(t)
		last := newScript(func(sched.HandlerTask, sched.Cause) sched.Next { return sched.Done(nil) })
		r.on(t, func() { // the steps come together
			for i, m := range movers {
				if _, err := r.ops.handle(r.loop(), all[i], m.script); err != nil {
					t.Errorf("StartHandler: %v", err)
				}
			}
			if _, err := r.ops.handle(r.loop(), extra, last); !errors.Is(err, sched.ErrFull) {
				t.Errorf("StartHandler at MaxTasks: %v, want ErrFull", err)
			}
		})
		if err := sys.Close(extra); err != nil {
			t.Errorf("close: %v", err)
		}
		for i, peer := range peers {
			send(t, peer, fmt.Sprint("message ", i))
		}
		for i, peer := range peers {
			r.arrives(t, peer, fmt.Append(nil, "message ", i))
			if err := sys.Shutdown(peer, sys.ShutWriting); err != nil {
				t.Errorf("shutdown: %v", err)
			}
		}
		for i, m := range movers {
			r.wait(t, m.ended, "a handler sees the end of its stream")
			if m.err != nil {
				t.Errorf("a handler ended with %v", m.err)
			}
			r.over(t, peers[i])
		}
	}
	r.until(t, func() bool { return r.lent() == 0 }, "the queue has its buffers back")
}

func transferStop(t T, r *Fixture) {
	r.start(t, sched.Options{})
	own, peer := r.half(t)
	var waits atomic.Int32
	var got []byte
	stopped := make(chan struct{})
	var m *moved
	read := func() error {
		p := make([]byte, 8)
		n, err := m.TryRead(p)
		if m.released {
			if n, err = sys.Recv(own, p); n == 0 && err == nil {
				err = io.EOF
			}
		}
		got = append(got, p[:max(n, 0)]...)
		return err
	}
	m = r.mover(t, own, func(m *moved, c sched.Cause) sched.Next {
		if c == sched.Started {
			if _, err := m.TryRead(make([]byte, 1)); err != sys.ErrWouldBlock {
				t.Errorf("a read without bytes: %v", err)
			}
			waits.Add(1)
			return sched.WaitFor(queue.Readable)
		}
		if !m.Stop() {
			return sched.WaitFor(queue.Readable)
		}
		if !closed(stopped) {
			close(stopped)
		}
		for {
			err := read()
			switch {
			case err == nil:
			case err == sys.ErrWouldBlock && string(got) == "earlylate" && !m.released:
				if n, err := m.TryWrite([]byte("written")); n != len("written") || err != nil {
					t.Errorf("a write after Stop: %d, %v", n, err)
				}
				if m.released = m.Release(); !m.released {
					return sched.Done(errCase)
				}
			case err == sys.ErrWouldBlock:
				return sched.WaitFor(queue.Readable)
			case err == io.EOF:
				return sched.Done(nil)
			default:
				return sched.Done(err)
			}
		}
	})
	m.started = r.handle(t, own, m.script)
	r.until(t, func() bool { return waits.Load() > 0 }, "a read would block")
	r.fence(t)
	send(t, peer, "early")
	r.wait(t, stopped, "the transfer stops")
	r.fence(t)
	send(t, peer, "late")
	r.arrives(t, peer, []byte("written"))
	r.fence(t)
	send(t, peer, "last")
	if err := sys.Shutdown(peer, sys.ShutWriting); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	r.wait(t, m.ended, "the handler ends")
	if string(got) != "earlylatelast" || m.err != nil {
		t.Errorf("the handler read %q and ended with %v", got, m.err)
	}
	r.until(t, func() bool { return r.lent() == 0 }, "the queue has its buffers back")
}

func transferRefused(t T, r *Fixture) {
	r.start(t, sched.Options{})
	own, peer := r.half(t)
	var waits atomic.Int32
	var got []byte
	step := func(read func(p []byte) (int, error)) sched.Next {
		for p := make([]byte, 8); ; {
			n, err := read(p)
			switch {
			case err == sys.ErrWouldBlock:
				waits.Add(1)
				return sched.WaitFor(queue.Readable)
			case err == io.EOF || err == nil && n == 0:
				return sched.Done(nil)
			case err != nil:
				return sched.Done(err)
			}
			got = append(got, p[:n]...)
		}
	}
	var s *script
	if r.transfers {
		m := r.mover(t, own, func(m *moved, _ sched.Cause) sched.Next {
			if r.ops.transfer(m.task) != nil {
				t.Errorf("a handler got a second Transfer")
			}
			return step(m.TryRead)
		})
		s = m.script
	} else {
		s = newScript(func(task sched.HandlerTask, _ sched.Cause) sched.Next {
			if r.ops.transfer(task) != nil {
				t.Errorf("a handler got a Transfer, although the target does not claim it")
			}
			return step(func(p []byte) (int, error) { return sys.Recv(own, p) })
		})
		r.handles = append(r.handles, own)
	}
	r.handle(t, own, s)
	r.until(t, func() bool { return waits.Load() > 0 }, "a read would block")
	r.fence(t)
	send(t, peer, "bytes")
	if err := sys.Shutdown(peer, sys.ShutWriting); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	r.wait(t, s.ended, "the handler sees the end of the stream")
	if string(got) != "bytes" || s.err != nil {
		t.Errorf("the handler read %q and ended with %v", got, s.err)
	}
}

func transferNoOperations(t T, r *Fixture) {
	r.plain = true
	r.make(t, sched.Options{Completions: true})
	r.run(t, context.Background())
	r.wait(t, r.ran, "Run returns")
	if !errors.Is(r.runErr, errors.ErrUnsupported) {
		t.Errorf("Run: %v, want errors.ErrUnsupported", r.runErr)
	}
}
