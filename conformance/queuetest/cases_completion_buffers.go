package queuetest

import (
	"bytes"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func completionBufferCases() []Case {
	return []Case{
		completing("buffers", "Op.Buffers", "The queue chooses a buffer when there are bytes. The completion then has Provided and the id of the buffer.",
			"io_uring_setup_buf_ring(3)", bufferLent),
		completing("buffers-multi", "Op.Multi", "Multi keeps an OpRecv with Buffers going after a completion, until the end of the stream.",
			"io_uring_prep_recv_multishot(3)", bufferMulti),
		completing("buffers-idle", "Buffers", "An operation takes a buffer only when there are bytes for it. Idle connections hold none.",
			"gnet#337", buffersIdle),
		completing("buffers-exhausted", "OpRecv", "With Buffers, OpRecv fails with ErrNoBuffers if all are lent. After a Return, all bytes and then the end come once.",
			"liburing#1275", func(t T, c *completer) { buffersExhausted(t, c, false) }),
		completing("buffers-exhausted-multi", "OpRecv", "ErrNoBuffers is the terminal completion of an OpRecv with Multi. After a Return, another OpRecv receives all bytes and then the end.",
			"liburing#1275", func(t T, c *completer) { buffersExhausted(t, c, true) }),
		completing("buffers-stream", "Op.Buffers", "The bytes of a stream come in order through few buffers.",
			"liburing#1409, liburing#1432", func(t T, c *completer) { buffersStream(t, c, false) }),
		completing("buffers-stream-multi", "Op.Multi", "The bytes of a stream come in order through few buffers in the completions of one operation with Multi.",
			"liburing#1409, liburing#1432", func(t T, c *completer) { buffersStream(t, c, true) }),
		completing("buffers-hold", "Buffers.Bytes", "A lent buffer is the caller's until Return: nothing else changes its bytes, and the caller may write to it.",
			"gnet#648, netpoll#342", buffersHold),
		completing("buffers-accounting", "Buffers.Lent", "No buffer is lent after each that a completion has lent was returned, whatever the results were: bytes, ends, resets, cancels.",
			"liburing#1530, liburing#605", buffersAccounting),
	}
}

// lend makes buffers that the case closes at its end, when all are returned.
func (c *completer) lend(count, size int) queue.Buffers {
	c.t.Helper()
	buffers, err := c.NewBuffers(count, size)
	must(c.t, err)
	return buffers
}

// lent fails the case unless n buffers are lent.
func (c *completer) lent(buffers queue.Buffers, n int, when string) {
	c.t.Helper()
	if got := buffers.Lent(); got != n {
		c.t.Errorf("%d buffers are lent %s, want %d", got, when, n)
	}
}

// take returns the bytes of a completion, and returns its buffer.
func (c *completer) take(e queue.Event, buffers queue.Buffers) []byte {
	c.t.Helper()
	if e.Result > 0 && e.Completion&queue.Provided == 0 {
		c.t.Fatalf("a completion of %d bytes has no buffer", e.Result)
	}
	if e.Completion&queue.Provided == 0 {
		return nil
	}
	p := buffers.Bytes(e.Buffer)
	if len(p) != buffers.Size() || int(e.Result) > len(p) {
		c.t.Fatalf("buffer %d has %d bytes, want the size %d; the result is %d", e.Buffer, len(p), buffers.Size(), e.Result)
	}
	got := append([]byte(nil), p[:max(e.Result, 0)]...)
	buffers.Return(e.Buffer)
	return got
}

func bufferLent(t T, c *completer) {
	a, b := pair(t)
	buffers := c.lend(4, 64)
	for i := range 10 {
		o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: buffers})
		c.pending(o, "without a byte")
		c.lent(buffers, 0, "without a byte")
		want := pattern(5+i, byte(i))
		b.write(t, want)
		e := c.await(o)
		c.lent(buffers, 1, "after a completion")
		same(t, "received", c.take(e, buffers), want)
		c.lent(buffers, 0, "after Return")
	}
	must(t, buffers.Close())
}

func bufferMulti(t T, c *completer) {
	a, b := pair(t)
	buffers := c.lend(4, 64)
	o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: buffers, Multi: true})
	for i := range 10 {
		want := pattern(5+i, byte(i))
		b.write(t, want)
		e := c.count(o, i+1)
		if e.Completion&queue.More == 0 {
			t.Fatalf("completion %d of an OpRecv with Multi is terminal: result %d (%v)", i+1, e.Result, e.Err())
		}
		same(t, "received", c.take(e, buffers), want)
	}
	b.close(t)
	e := c.await(o)
	if e.Result != 0 || len(o.got) != 11 {
		t.Errorf("got result %d (%v) after %d completions, want the end after 10", e.Result, e.Err(), len(o.got)-1)
	}
	c.take(e, buffers)
	c.lent(buffers, 0, "after the end")
}

func buffersIdle(t T, c *completer) {
	const handles, each = 50, 20
	buffers := c.lend(4, 64)
	var senders []*end
	var all [][]*operation
	for range handles {
		a, b := pair(t)
		senders = append(senders, b)
		var ops []*operation
		for range each {
			ops = append(ops, c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: buffers}))
		}
		all = append(all, ops)
	}
	c.fence()
	c.lent(buffers, 0, "while 1000 operations wait")
	for i, b := range senders {
		b.send(t, 1)
		c.until(func() bool { return ends(all[i]) == 1 }, "a completion for the byte of handle %d", i)
		c.lent(buffers, 1, "after a completion")
		for _, o := range all[i] {
			if o.ended {
				c.take(o.got[0], buffers)
			}
		}
	}
}

// buffersExhausted sends more than fits into the buffers, and the end.
func buffersExhausted(t T, c *completer, multi bool) {
	a, b := pair(t)
	buffers := c.lend(2, 8)
	want := pattern(10*8*buffers.Count(), 1)
	b.write(t, want)
	b.close(t)
	var got []byte
	for rounds := 0; ; rounds++ {
		if rounds > len(want) {
			t.Fatalf("the end did not come")
		}
		var held []queue.Event
		full, ended := false, false
		for !full && !ended {
			o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: buffers, Multi: multi})
			c.await(o)
			for _, e := range o.got {
				switch {
				case e.Completion&queue.Provided != 0:
					held = append(held, e)
				case e.Result > 0:
					t.Fatalf("a completion of %d bytes has no buffer", e.Result)
				}
				full = full || e.Result == queue.ResultNoBuffers
				ended = ended || e.Result == 0
				if e.Result < 0 && e.Result != queue.ResultNoBuffers {
					t.Fatalf("receive: %v", e.Err())
				}
			}
			c.lent(buffers, len(held), "although the caller holds others")
		}
		if full && len(held) < buffers.Count() {
			t.Fatalf("an operation fails with ErrNoBuffers, but only %d of %d buffers are lent", len(held), buffers.Count())
		}
		for _, e := range held {
			got = append(got, c.take(e, buffers)...)
		}
		if ended {
			break
		}
	}
	same(t, "received", got, want)
	c.lent(buffers, 0, "after the end")
}

func buffersStream(t T, c *completer, multi bool) {
	a, b := pair(t)
	buffers := c.lend(4, 1<<10)
	want := pattern(1<<20, 1)
	got := make([]byte, 0, len(want))
	send := c.submit(queue.Op{Kind: queue.OpSend, Handle: b.handle, Data: want})
	for len(got) < len(want) {
		o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: buffers, Multi: multi})
		taken := 0
		for !o.ended || taken < len(o.got) {
			if taken == len(o.got) {
				if len(got) == len(want) { // an operation with Multi waits for more
					c.cancel(o)
				}
				c.count(o, taken+1)
			}
			switch e := o.got[taken]; {
			case e.Result > 0:
				got = append(got, c.take(e, buffers)...)
			case e.Result == queue.ResultCanceled && len(got) == len(want), e.Result == queue.ResultNoBuffers && taken > 0:
			default:
				t.Fatalf("receive after %d bytes: got result %d (%v)", len(got), e.Result, e.Err())
			}
			taken++
		}
		c.forget(o)
	}
	c.result(send, len(want))
	same(t, "received", got, want)
	c.lent(buffers, 0, "after the stream")
}

func buffersHold(t T, c *completer) {
	a, b := pair(t)
	buffers := c.lend(4, 8)
	receive := func(want []byte) queue.Event {
		t.Helper()
		b.write(t, want)
		e := c.await(c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: buffers}))
		if int(e.Result) != len(want) || e.Completion&queue.Provided == 0 {
			t.Fatalf("got %+v, want a buffer with %d bytes", e, len(want))
		}
		same(t, "received", buffers.Bytes(e.Buffer)[:len(want)], want)
		return e
	}
	held := receive([]byte("held"))
	written := bytes.Repeat([]byte{'w'}, buffers.Size())
	copy(buffers.Bytes(held.Buffer), written)
	for i := range 20 {
		e := receive(pattern(8, byte(i)))
		if e.Buffer == held.Buffer {
			t.Fatalf("buffer %d is lent twice", e.Buffer)
		}
		copy(buffers.Bytes(e.Buffer), pattern(8, 99))
		buffers.Return(e.Buffer)
	}
	same(t, "a lent buffer after other receives", buffers.Bytes(held.Buffer), written)
	buffers.Return(held.Buffer)
}

func buffersAccounting(t T, c *completer) {
	buffers := c.lend(8, 16)
	for i := range 60 {
		client, server := c.f.connected(t)
		o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: server.handle, Buffers: buffers, Multi: i%2 == 0})
		if i%3 == 0 {
			c.fence()
		}
		switch i % 5 {
		case 0:
			client.reset(t)
		case 1:
			client.send(t, 4)
			client.reset(t)
		case 2:
			client.send(t, 4)
			client.close(t)
		case 3:
			c.cancel(o)
		case 4:
			client.send(t, 4)
			c.cancel(o)
		}
		if e := c.await(o); e.Result < 0 && e.Result != queue.ResultCanceled && sys.ClassOf(e.Err()) != sys.ClassDisconnected {
			t.Errorf("connection %d: %v", i, e.Err())
		}
		for _, e := range o.got {
			c.take(e, buffers)
		}
		c.lent(buffers, 0, "although none is held")
	}
	// As many buffers as there ever were can still be lent.
	a, b := pair(t)
	var held []queue.Event
	for range buffers.Count() {
		b.send(t, 1)
		e := c.await(c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: buffers}))
		if e.Result != 1 {
			t.Fatalf("got result %d (%v) with %d buffers lent, want a byte", e.Result, e.Err(), len(held))
		}
		held = append(held, e)
	}
	for _, e := range held {
		c.take(e, buffers)
	}
	must(t, buffers.Close())
}
