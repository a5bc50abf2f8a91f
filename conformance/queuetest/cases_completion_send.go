package queuetest

import (
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func completionSendCases() []Case {
	return []Case{
		completing("send", "OpSend", "OpSend sends all of Data. Its result is the number of bytes, however slow the reader is.",
			"gnet#569", completesSend),
		completing("send-vector", "Op.Vector", "Vector replaces Data: OpSend sends its segments in order.",
			"libuv 1158b845", completesSendVector),
		completing("send-zero-copy", "Op.ZeroCopy", "The terminal completion comes when the kernel no longer needs Data. It is the only one.",
			"netty#15600, tokio-uring#257", completesSendZeroCopy),
		completing("send-order", "Completer.Submit", "Operations on the same handle and of the same direction begin in the order of submission.",
			"nbio 64090fd", completesSendOrder),
		completing("send-part", "OpSend", "The result of OpSend is less than all only if it was canceled or failed after a part. The next operation then returns the error.",
			"gnet#569", completesSendPart),
		completing("send-refused", "OpSend", "An OpSend to a peer that has closed fails.",
			"monoio#214", completesSendRefused),
		completing("send-quiet", "Op.Quiet", "The bytes of a quiet OpSend leave, and the next Wait that returns for another reason reports the completion.",
			"a completion that only interrupts", completesSendQuiet),
		completing("send-quiet-large", "Op.Quiet", "A quiet OpSend sends all of Data, however slow the reader is.",
			"gnet#569", completesSendQuietLarge),
		completing("send-quiet-refused", "Op.Quiet", "Wait does not return for the success of a quiet OpSend alone. It returns for its failure.",
			"a peer that has closed is never noticed", completesSendQuietRefused),
		completing("send-quiet-canceled", "Op.Quiet", "After Cancel, Wait returns the completion of a quiet OpSend.",
			"a cancel of what has ended", completesSendQuietCanceled),
	}
}

// slow reads e in small pieces while the queue runs, until o has ended and want bytes have come.
func (c *completer) slow(e *end, o *operation, want int) []byte {
	c.t.Helper()
	got := make([]byte, 0, want)
	p := make([]byte, 64<<10)
	deadline := time.Now().Add(c.f.patience)
	for len(got) < want || !o.ended {
		moved := c.turn(0)
		if o.ended && int(o.got[0].Result) < want {
			c.t.Fatalf("%v: got result %d (%v), want %d", o, o.got[0].Result, o.got[0].Err(), want)
		}
		n, err := sys.Read(e.handle, p)
		switch {
		case err != nil && err != sys.ErrWouldBlock:
			c.t.Fatalf("read: %v", err)
		case err == nil && n == 0:
			c.t.Fatalf("read: the end after %d bytes, want %d", len(got), want)
		}
		got = append(got, p[:max(n, 0)]...)
		switch {
		case moved > 0 || n > 0:
			deadline = time.Now().Add(c.f.patience)
		case time.Now().After(deadline):
			c.t.Hang("%d of %d bytes and the end of %v", len(got), want, o)
		default:
			nap()
		}
	}
	return got
}

func completesSend(t T, c *completer) {
	a, b := pair(t)
	data := pattern(8<<20, 1)
	o := c.submit(queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: data})
	c.pending(o, "without a reader of 8 MiB")
	same(t, "sent", c.slow(b, o, len(data)), data)
	c.result(o, len(data))
}

func completesSendVector(t T, c *completer) {
	a, b := pair(t)
	data := pattern(2<<20, 1)
	var v [][]byte
	for rest, i := data, 0; i < sys.MaxSegments; i++ {
		n := min(i*i*1000, len(rest)) // the first is empty
		if i == sys.MaxSegments-1 {
			n = len(rest)
		}
		v, rest = append(v, rest[:n:n]), rest[n:]
	}
	o := c.submit(queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: []byte("unused"), Vector: v})
	same(t, "sent", c.slow(b, o, len(data)), data)
	c.result(o, len(data))
}

func completesSendZeroCopy(t T, c *completer) {
	client, server := c.f.connected(t)
	want := pattern(1<<20, 1)
	data := append([]byte(nil), want...)
	o := c.submit(queue.Op{Kind: queue.OpSend, Handle: client.handle, Data: data, ZeroCopy: true})
	var got []byte
	for scribbled := false; len(got) < len(want); {
		if c.turn(0); o.ended && !scribbled {
			clear(data)
			scribbled = true
		}
		c.f.patiently(t, "read", func() error {
			p := make([]byte, 16<<10)
			n, err := sys.Read(server.handle, p)
			got = append(got, p[:max(n, 0)]...)
			if err == sys.ErrWouldBlock && c.turn(0) > 0 {
				return nil
			}
			return err
		})
	}
	c.result(o, len(want))
	if len(o.got) != 1 {
		t.Errorf("got %d completions, want 1", len(o.got))
	}
	same(t, "sent", got, want)
}

// completesSendOrder sends no more than there is room for.
func completesSendOrder(t T, c *completer) {
	a, b := pair(t)
	want := pattern(64, 1)
	var all []*operation
	for i := range want {
		all = append(all, c.submit(queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: want[i : i+1]}))
	}
	for _, o := range all {
		c.result(o, 1)
	}
	same(t, "sent in the order of submission", c.f.reads(t, b, len(want)), want)
}

func completesSendPart(t T, c *completer) {
	client, server := c.f.connected(t)
	data := pattern(16<<20, 1)
	o := c.submit(queue.Op{Kind: queue.OpSend, Handle: client.handle, Data: data})
	c.pending(o, "without a reader of 16 MiB")
	same(t, "sent", c.f.reads(t, server, 1000), data[:1000])
	server.reset(t)
	e := c.await(o)
	if e.Result < 1000 || int(e.Result) >= len(data) {
		t.Errorf("got result %d (%v), want at least the 1000 bytes that were read, and not all", e.Result, e.Err())
	}
	c.failsAs(c.submit(queue.Op{Kind: queue.OpSend, Handle: client.handle, Data: data[:1]}), sys.ClassDisconnected)
}

func completesSendQuiet(t T, c *completer) {
	a, b := pair(t)
	want := pattern(64, 1)
	for i := range want {
		o := c.submit(queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: want[i : i+1], Quiet: true})
		c.turn(0)
		same(t, "sent quietly", c.f.reads(t, b, 1), want[i:i+1])
		for !o.ended {
			must(t, c.Wake())
			c.turn(c.f.patience)
		}
		c.result(o, 1)
	}
	quiet := c.submit(queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: want, Quiet: true})
	c.result(c.submit(queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: want}), len(want))
	c.fence()
	if !quiet.ended {
		t.Errorf("%v: no completion after the one of a later send", quiet)
	}
	c.result(quiet, len(want))
	same(t, "sent", c.f.reads(t, b, 2*len(want)), append(want[:len(want):len(want)], want...))
}

func completesSendQuietLarge(t T, c *completer) {
	a, b := pair(t)
	data := pattern(8<<20, 1)
	o := c.submit(queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: data, Quiet: true})
	c.pending(o, "without a reader of 8 MiB")
	same(t, "sent", c.slow(b, o, len(data)), data)
	c.result(o, len(data))
}

func completesSendQuietRefused(t T, c *completer) {
	client, server := c.f.connected(t)
	server.reset(t)
	c.await(c.submit(queue.Op{Kind: queue.OpRecv, Handle: client.handle, Data: make([]byte, 1)}))
	c.failsAs(c.submit(queue.Op{Kind: queue.OpSend, Handle: client.handle, Data: make([]byte, 1), Quiet: true}), sys.ClassDisconnected)
}

// completesSendQuietCanceled cancels a send that has ended or not: with room it is reported in any
// case, and without room it is canceled.
func completesSendQuietCanceled(t T, c *completer) {
	a, b := pair(t)
	data := pattern(8<<20, 1)
	o := c.submit(queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: data[:1], Quiet: true})
	same(t, "sent quietly", func() []byte { c.turn(0); return c.f.reads(t, b, 1) }(), data[:1])
	if !o.ended {
		c.cancel(o)
	}
	c.result(o, 1)
	o = c.submit(queue.Op{Kind: queue.OpSend, Handle: a.handle, Data: data, Quiet: true})
	c.pending(o, "without a reader of 8 MiB")
	c.cancel(o)
	if e := c.await(o); e.Result == 0 || int(e.Result) >= len(data) {
		t.Errorf("%v: got result %d (%v), want a part or ErrCanceled", o, e.Result, e.Err())
	}
}

func completesSendRefused(t T, c *completer) {
	client, server := c.f.connected(t)
	server.reset(t)
	// The first operation may take the reset itself. The next one finds a connection that has
	// ended.
	c.await(c.submit(queue.Op{Kind: queue.OpRecv, Handle: client.handle, Data: make([]byte, 1)}))
	c.failsAs(c.submit(queue.Op{Kind: queue.OpSend, Handle: client.handle, Data: make([]byte, 1)}), sys.ClassDisconnected)
}
