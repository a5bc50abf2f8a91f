package queuetest

import (
	"time"

	"github.com/edgewise-go/edgewise/queue"
)

func completionBufferBoundCases() []Case {
	return []Case{
		completing("buffers-count", "Completer.NewBuffers", "NewBuffers returns count buffers of size bytes. A mechanism may round count up to a power of two.",
			"io_uring_setup_buf_ring(3)", buffersCount),
		completing("buffers-bounds", "Completer.NewBuffers", "NewBuffers returns ErrInvalid unless count is between 1 and MaxBuffers and size between 1 and MaxBufferSize.",
			"io_uring_setup_buf_ring(3)", buffersBounds),
		completing("buffers-foreign", "Completer.NewBuffers", "NewBuffers returns buffers for the operations of this queue. Submit returns ErrInvalid for those of another.",
			"io_uring_register_buf_ring(3)", buffersForeign),
		completing("buffers-return-twice", "Buffers.Return", "Return panics if the buffer is not lent.",
			"liburing#605", buffersReturnTwice),
		completing("buffers-busy", "Buffers.Close", "Close returns ErrBusy while a buffer is lent or an operation with these Buffers is in flight. A second Close returns ErrClosed.",
			"liburing#778", buffersBusy),
		completing("buffers-several", "Completer.NewBuffers", "A queue has several Buffers at once, each with ids and an account of its own.",
			"io_uring_register_buf_ring(3)", buffersSeveral),
	}
}

func buffersCount(t T, c *completer) {
	for _, count := range []int{1, 2, 3, 5, 16, 100} {
		const size = 24
		buffers := c.lend(count, size)
		rounded := 1
		for rounded < count {
			rounded *= 2
		}
		if got := buffers.Count(); got != count && got != rounded {
			t.Errorf("got %d buffers, want %d or %d", got, count, rounded)
		}
		if got := buffers.Size(); got != size {
			t.Errorf("got buffers of %d bytes, want %d", got, size)
		}
		c.lent(buffers, 0, "at the beginning")
		must(t, buffers.Close())
	}
}

func buffersBounds(t T, c *completer) {
	for _, bad := range [][2]int{{0, 8}, {-1, 8}, {queue.MaxBuffers + 1, 8}, {8, 0}, {8, -1}, {8, queue.MaxBufferSize + 1}} {
		buffers, err := c.NewBuffers(bad[0], bad[1])
		wantError(t, "new buffers out of bounds", err, queue.ErrInvalid)
		if err == nil {
			_ = buffers.Close()
		}
	}
	for _, good := range [][2]int{{1, 1}, {queue.MaxBuffers, 1}, {1, queue.MaxBufferSize}} {
		buffers := c.lend(good[0], good[1])
		must(t, buffers.Close())
	}
}

func buffersForeign(t T, c *completer) {
	other := newCompleter(t, c.f, c.f.another(t))
	theirs := other.lend(2, 8)
	a, b := pair(t)
	b.send(t, 1)
	_, err := c.try(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: theirs})
	wantError(t, "submit with the buffers of another queue", err, queue.ErrInvalid)
	c.fence()
	other.take(other.await(other.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: theirs})), theirs)
	other.finish()
}

// panics reports whether f panics.
func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

func buffersReturnTwice(t T, c *completer) {
	a, b := pair(t)
	buffers := c.lend(2, 8)
	b.send(t, 1)
	e := c.await(c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: buffers}))
	if e.Completion&queue.Provided == 0 {
		t.Fatalf("got %+v, want a buffer", e)
	}
	if !panics(func() { buffers.Return(e.Buffer ^ 1) }) {
		t.Errorf("Return of a buffer that was never lent does not panic")
	}
	if !panics(func() { buffers.Return(1 << 15) }) {
		t.Errorf("Return of a buffer that does not exist does not panic")
	}
	c.lent(buffers, 1, "after Return of others")
	buffers.Return(e.Buffer)
	if !panics(func() { buffers.Return(e.Buffer) }) {
		t.Errorf("a second Return does not panic")
	}
	c.lent(buffers, 0, "after Return")
}

func buffersBusy(t T, c *completer) {
	a, b := pair(t)
	buffers := c.lend(2, 8)
	o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: buffers})
	wantError(t, "close with an operation that was submitted", buffers.Close(), queue.ErrBusy)
	c.fence()
	wantError(t, "close with an operation in flight", buffers.Close(), queue.ErrBusy)
	b.send(t, 1)
	e := c.await(o)
	wantError(t, "close with a buffer that is lent", buffers.Close(), queue.ErrBusy)
	c.take(e, buffers)
	o = c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: buffers})
	c.cancel(o)
	c.fails(o, queue.ErrCanceled)
	must(t, buffers.Close())
	wantError(t, "second close", buffers.Close(), queue.ErrClosed)
	c.result(c.submit(queue.Op{Kind: queue.OpTimeout, After: time.Millisecond}), 0)
}

func buffersSeveral(t T, c *completer) {
	a, b := pair(t)
	x, y := pair(t)
	first, second := c.lend(2, 8), c.lend(2, 16)
	o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Buffers: first})
	p := c.submit(queue.Op{Kind: queue.OpRecv, Handle: x.handle, Buffers: second})
	b.write(t, []byte("first"))
	y.write(t, []byte("the second"))
	e, f := c.await(o), c.await(p)
	c.lent(first, 1, "after a completion")
	c.lent(second, 1, "after a completion")
	same(t, "received", c.take(e, first), []byte("first"))
	c.lent(second, 1, "after Return of a buffer of another")
	must(t, first.Close())
	same(t, "received", c.take(f, second), []byte("the second"))
	must(t, second.Close())
}
