package queuetest

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func completionExactlyOnceCases() []Case {
	once := func(kind, source string, run func(t T, c *completer)) Case {
		return completing("exactly-once-"+kind, "Completer.Cancel",
			"Each operation has exactly one terminal completion if a Cancel races with its end. One that moved bytes or accepted a handle reports that.", source, run)
	}
	return []Case{
		once("recv", "liburing#1422, netty#14921", onceRecv),
		once("send", "netty#14531", onceSend),
		once("accept", "monoio#318", onceAccept),
		once("connect", "netpoll#289", onceConnect),
		once("poll", "liburing#1375", oncePoll),
		once("timeout", "netty#14920", onceTimeout),
	}
}

// pairsOf returns how many operations a case submits and cancels.
func pairsOf(few int) int {
	if suite.Full() {
		return 100_000
	}
	return few
}

// race submits op, cancels it after some turns, awaits its end and returns its completions.
func (c *completer) race(i int, op queue.Op) []queue.Event {
	c.t.Helper()
	o := c.submit(op)
	for range i % 3 {
		c.turn(0)
	}
	if i%7 == 0 {
		runtime.Gosched()
	}
	err := c.Cancel(o.id)
	if want := error(nil); o.ended {
		wantError(c.t, "cancel of an operation that has ended", err, queue.ErrNotFound)
	} else if err != want {
		c.t.Fatalf("cancel %v, which is in flight: %v", o, err)
	}
	c.await(o)
	c.forget(o)
	return o.got
}

// completed returns the result of an operation without Multi, or 0, false if it was canceled.
func (c *completer) completed(got []queue.Event) (result int, ok bool) {
	c.t.Helper()
	if len(got) != 1 {
		c.t.Fatalf("got %d completions, want 1", len(got))
	}
	if e := got[0]; e.Result >= 0 {
		return int(e.Result), true
	} else if e.Result != queue.ResultCanceled {
		c.t.Fatalf("got result %d (%v), want success or ErrCanceled", e.Result, e.Err())
	}
	return 0, false
}

func onceRecv(t T, c *completer) {
	a, b := pair(t)
	buffers := c.lend(4, 32)
	n := pairsOf(1500)
	want := pattern(n, 1)
	var over atomic.Bool
	var sent int
	defer over.Store(true)
	await := c.f.start(func() {
		for sent < n && !over.Load() {
			k, err := sys.Write(b.handle, want[sent:min(sent+1+sent%40, n)])
			if sent += max(k, 0); err != nil && err != sys.ErrWouldBlock {
				t.Errorf("write: %v", err)
				return
			}
			runtime.Gosched()
		}
	})
	var got []byte
	p := make([]byte, 32)
	for i := range n {
		op := queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: p}
		if i%2 == 1 {
			op.Data, op.Buffers, op.Multi = nil, buffers, i%4 == 1
		}
		for _, e := range c.race(i, op) {
			switch {
			case op.Buffers != nil:
				got = append(got, c.take(e, buffers)...)
			case e.Result > 0:
				got = append(got, p[:e.Result]...)
			}
			if e.Result == 0 || e.Result < 0 && e.Result != queue.ResultCanceled && e.Result != queue.ResultNoBuffers {
				t.Fatalf("got result %d (%v), want bytes or ErrCanceled", e.Result, e.Err())
			}
		}
	}
	over.Store(true)
	await(t, "end of the writer")
	got = append(got, c.f.reads(t, a, sent-len(got))...)
	same(t, "received by operations that raced with Cancel, and then by reads", got, want[:sent])
	c.lent(buffers, 0, "at the end")
}

func onceSend(t T, c *completer) {
	a, b := pair(t)
	n := pairsOf(1500)
	data := pattern(8<<10, 1)
	var over atomic.Bool
	defer over.Store(true)
	var read int
	bad := -1
	await := c.f.start(func() {
		p := make([]byte, 16<<10)
		for {
			last := over.Load()
			k, err := sys.Read(b.handle, p)
			if err == sys.ErrWouldBlock {
				if last {
					return
				}
				runtime.Gosched()
				continue
			}
			if k <= 0 || err != nil {
				return
			}
			for i := range k {
				if bad < 0 && p[i] != data[(read+i)%len(data)] {
					bad = read + i
				}
			}
			read += k
		}
	})
	sent := 0
	for i := range n {
		at := sent % len(data)
		k, _ := c.completed(c.race(i, queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: data[at:]}))
		sent += k
	}
	over.Store(true)
	a.close(t) // the reader reads up to the end
	await(t, "end of the reader")
	if read != sent || bad >= 0 {
		t.Errorf("the peer read %d bytes, want %d, the sum of the results; byte %d is the first that differs", read, sent, bad)
	}
}

func onceAccept(t T, c *completer) {
	l, addr := listen(t)
	n := pairsOf(600)
	var over atomic.Bool
	clients := make(chan *end, 4)
	defer over.Store(true)
	// Each client has to be accepted once. The channel bounds those that wait.
	await := c.f.start(func() {
		defer close(clients)
		for !over.Load() {
			h, err := sys.Socket(sys.IPv4)
			if err == nil {
				err = sys.Connect(h, addr)
			}
			if err != nil && sys.ClassOf(err) != sys.ClassInProgress {
				t.Errorf("connect: %v", err)
				return
			}
			clients <- &end{handle: h}
		}
	})
	drop := func(h sys.Handle) {
		_ = sys.SetLinger(h, 0) // fails if the client is gone
		must(t, sys.Close(h))
	}
	connected, accepted := 0, 0
	for i := range n {
		for _, e := range c.race(i, queue.Op{Kind: queue.OpAccept, Handle: l.handle, Multi: i%4 == 3}) {
			switch {
			case e.Result >= 0:
				accepted++
				drop(sys.Handle(e.Result)) // its client ends after it: none is reset before it is accepted
			case e.Result != queue.ResultCanceled:
				t.Fatalf("got result %d (%v), want a handle or ErrCanceled", e.Result, e.Err())
			}
		}
		for accepted > connected {
			suite.Receive(t, "a client", clients).reset(t)
			connected++
		}
	}
	over.Store(true)
	var rest []*end
	for e := range clients {
		rest = append(rest, e)
	}
	await(t, "end of the clients")
	for range len(rest) + connected - accepted {
		var h sys.Handle
		c.f.patiently(t, "accept of a connection that no operation reported", func() (err error) {
			h, _, err = sys.Accept(l.handle)
			return err
		})
		drop(h)
	}
	for _, e := range rest {
		e.reset(t)
	}
	if _, _, err := sys.Accept(l.handle); err != sys.ErrWouldBlock {
		t.Errorf("accept after all connections: got %v, want %v", err, sys.ErrWouldBlock)
	}
}

func onceConnect(t T, c *completer) {
	l, addr := listen(t)
	for i := range pairsOf(400) {
		h, err := sys.Socket(sys.IPv4)
		must(t, err)
		client := &end{handle: h}
		_, ok := c.completed(c.race(i, queue.Op{Kind: queue.OpConnect, Handle: h, Message: &sys.Message{Addr: addr}}))
		if ok {
			if _, err := sys.PeerAddr(h); err != nil {
				t.Errorf("an OpConnect that succeeded: %v", err)
			}
		}
		client.reset(t)
		for {
			h, _, err := sys.Accept(l.handle)
			if err != nil {
				if err != sys.ErrWouldBlock && sys.ClassOf(err) != sys.ClassDisconnected {
					t.Fatalf("accept: %v", err)
				}
				break
			}
			_ = sys.SetLinger(h, 0)
			must(t, sys.Close(h))
		}
	}
}

func oncePoll(t T, c *completer) {
	a, b := pair(t)
	for i := range pairsOf(2000) {
		sent := i%2 == 0
		if sent {
			b.send(t, 1)
		}
		for _, e := range c.race(i, queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Readable, Multi: i%4 >= 2}) {
			if e.Result >= 0 && !sent {
				t.Fatalf("poll %d: ready for %v without a byte", i, queue.Ready(e.Result).Directions())
			}
			if e.Result < 0 && e.Result != queue.ResultCanceled {
				t.Fatalf("poll %d: %v", i, e.Err())
			}
		}
		if sent {
			c.f.read(t, a, 1)
		}
	}
}

func onceTimeout(t T, c *completer) {
	for i := range pairsOf(2000) {
		begin, after := time.Now(), time.Duration(i%64)*time.Microsecond
		if _, ok := c.completed(c.race(i, queue.Op{Kind: queue.OpTimeout, After: after})); ok && time.Since(begin) < after {
			t.Fatalf("a timeout of %v completes too early", after)
		}
	}
}
