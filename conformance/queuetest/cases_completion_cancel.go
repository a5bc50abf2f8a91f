package queuetest

import (
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func completionCancelCases() []Case {
	return []Case{
		completing("cancel", "Completer.Cancel", "Cancel requests the end of an operation of any kind, which still has its one terminal completion: ErrCanceled.",
			"liburing test/cancel-race", cancelsEachKind),
		completing("cancel-one", "Completer.Cancel", "Cancel ends one operation, and no other of the same handle.",
			"CancelIoEx, YY-Thunks#125", cancelsOne),
		completing("cancel-ended", "Completer.Cancel", "Cancel returns ErrNotFound if a Wait has already returned the terminal completion.",
			"netty#14921", cancelsEnded),
		completing("cancel-stale", "Completer.Cancel", "The id of an operation that has ended belongs to no other operation.",
			"netty#15150, tokio#6133", cancelsStale),
		completing("cancel-twice", "Completer.Cancel", "Only a terminal completion that a Wait has returned makes Cancel return ErrNotFound. Until then a second Cancel succeeds.",
			"liburing#1375", cancelsTwice),
		completing("cancel-keeps-bytes", "Completer.Cancel", "A completion that moved bytes always reports them: an OpRecv with ErrCanceled took none.",
			"liburing#1422", cancelKeepsBytes),
		completing("cancel-keeps-connections", "Completer.Cancel", "A completion that accepted a handle always reports it: an OpAccept with ErrCanceled took no connection.",
			"monoio#318", cancelKeepsConnections),
		completing("cancel-keeps-sent", "OpSend", "The result of an OpSend that is canceled after a part is that part.",
			"CancelIoEx", cancelKeepsSent),
		completing("cancel-while-waiting", "Completer", "All methods may be called from any goroutine at any time: a Wait that is running returns the completion of an operation that another goroutine cancels.",
			"CancelIo ends only the requests of the calling thread", cancelsWhileWaiting),
		completing("cancel-many", "Completer.Cancel", "Thousands of operations that are canceled at once all complete.",
			"zio#623, compio#227", cancelsMany),
	}
}

// idle returns an operation of each kind that lasts until it is canceled.
func idle(t T, c *completer) []queue.Op {
	t.Helper()
	a, _ := pair(t)
	full, _ := pair(t)
	fill(t, full)
	l, _ := listen(t)
	_, to, _ := datagrams(t)
	return []queue.Op{
		{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 8)},
		{Kind: queue.OpSend, Handle: full.handle, Data: make([]byte, 8)},
		{Kind: queue.OpRecvMessage, Handle: to.handle, Message: &sys.Message{Buffer: make([]byte, 8)}},
		{Kind: queue.OpAccept, Handle: l.handle},
		{Kind: queue.OpAccept, Handle: l.handle, Multi: true},
		{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Readable},
		{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Readable, Multi: true},
		{Kind: queue.OpTimeout, After: time.Hour},
	}
}

func cancelsEachKind(t T, c *completer) {
	for _, begun := range []bool{true, false} { // an operation begins only in a Wait
		for _, op := range idle(t, c) {
			o := c.submit(op)
			if begun {
				c.pending(o, "before it is canceled")
			}
			c.cancel(o)
			c.fails(o, queue.ErrCanceled)
			c.pending(o, "again")
		}
	}
}

func cancelsOne(t T, c *completer) {
	a, b := pair(t)
	var all []*operation
	var data [][]byte
	for range 3 {
		p := make([]byte, 1)
		data = append(data, p)
		all = append(all, c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: p}))
	}
	c.fence()
	c.cancel(all[1])
	c.fails(all[1], queue.ErrCanceled)
	c.pending(all[0], "when another is canceled")
	b.write(t, []byte("xx"))
	c.result(all[0], 1)
	c.result(all[2], 1)
	if data[0][0] != 'x' || data[1][0] != 0 || data[2][0] != 'x' {
		t.Errorf("got %q, want bytes for the first and the last operation", data)
	}
}

func cancelsEnded(t T, c *completer) {
	a, b := pair(t)
	o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 1)})
	b.send(t, 1)
	c.result(o, 1)
	wantError(t, "cancel after the completion", c.Cancel(o.id), queue.ErrNotFound)
	o = c.submit(queue.Op{Kind: queue.OpTimeout, After: time.Hour})
	c.cancel(o)
	c.fails(o, queue.ErrCanceled)
	wantError(t, "cancel after ErrCanceled", c.Cancel(o.id), queue.ErrNotFound)
	wantError(t, "cancel of the zero OpID", c.Cancel(0), queue.ErrNotFound)
	c.fence()
}

func cancelsStale(t T, c *completer) {
	var ids []queue.OpID
	for range 64 {
		o := c.submit(queue.Op{Kind: queue.OpTimeout})
		c.result(o, 0)
		ids = append(ids, o.id)
	}
	a, b := pair(t)
	var all []*operation
	for range 64 {
		all = append(all, c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 1)}))
	}
	c.fence()
	for _, id := range ids {
		wantError(t, "cancel with the id of an operation that has ended", c.Cancel(id), queue.ErrNotFound)
	}
	c.fence()
	b.send(t, len(all))
	for _, o := range all {
		c.result(o, 1)
	}
}

func cancelsTwice(t T, c *completer) {
	a, _ := pair(t)
	o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 1)})
	c.fence()
	c.cancel(o)
	c.cancel(o)
	c.fails(o, queue.ErrCanceled)
	c.pending(o, "again")
}

func cancelKeepsBytes(t T, c *completer) {
	a, b := pair(t)
	want := pattern(64, 1)
	var got []byte
	for _, x := range want {
		p := make([]byte, 1)
		o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: p})
		if x&1 == 0 {
			c.fence()
		}
		b.write(t, []byte{x})
		c.cancel(o)
		switch e := c.await(o); e.Result {
		case 1:
			got = append(got, p[0])
		case queue.ResultCanceled:
			got = append(got, c.f.reads(t, a, 1)...)
		default:
			t.Errorf("got result %d (%v), want a byte or ErrCanceled", e.Result, e.Err())
		}
	}
	same(t, "received", got, want)
}

func cancelKeepsConnections(t T, c *completer) {
	l, addr := listen(t)
	for i := range 16 {
		o := c.submit(queue.Op{Kind: queue.OpAccept, Handle: l.handle, Multi: i%4 == 3})
		if i%2 == 0 {
			c.fence()
		}
		client := tcp(t)
		connect(t, client, addr)
		c.cancel(o)
		c.await(o)
		var server *end
		for _, e := range o.got {
			if e.Result >= 0 && server == nil {
				server = c.handle(e)
			} else if e.Result != queue.ResultCanceled {
				t.Errorf("got result %d (%v), want one handle or ErrCanceled", e.Result, e.Err())
			}
		}
		if server == nil {
			server = c.f.accept(t, l)
		}
		server.write(t, []byte{byte(i)})
		same(t, "received by the client", c.f.reads(t, client, 1), []byte{byte(i)})
	}
}

func cancelKeepsSent(t T, c *completer) {
	a, b := pair(t)
	data := pattern(8<<20, 1)
	o := c.submit(queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: data})
	c.pending(o, "without a reader of 8 MiB")
	c.cancel(o)
	e := c.await(o)
	if e.Result < 1 || int(e.Result) >= len(data) {
		t.Fatalf("got result %d (%v), want the part for which there was room", e.Result, e.Err())
	}
	same(t, "sent", c.f.reads(t, b, int(e.Result)), data[:e.Result])
	a.close(t)
	c.f.ends(t, b, "the end after the part")
}

func cancelsWhileWaiting(t T, c *completer) {
	a, _ := pair(t)
	o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 1)})
	events := make([]queue.Event, eventsMax)
	var n int
	var err error
	c.fence()
	await := startBlocked(t, "a blocked wait with nothing to report", func() { n, err = c.Wait(events, -1) })
	c.cancel(o)
	await(t, "wait for the completion of a canceled operation")
	must(t, err)
	for _, e := range events[:n] {
		c.file(e)
	}
	c.fails(o, queue.ErrCanceled)
}

func cancelsMany(t T, c *completer) {
	const handles, each = 16, 128
	var all []*operation
	for range handles {
		a, _ := pair(t)
		for range each {
			all = append(all, c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 1)}))
		}
	}
	for range handles * each {
		all = append(all, c.submit(queue.Op{Kind: queue.OpTimeout, After: time.Hour}))
	}
	c.fence()
	for _, o := range all {
		c.cancel(o)
	}
	for _, o := range all {
		c.fails(o, queue.ErrCanceled)
	}
}
