package queuetest

import (
	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// completing returns a case that needs a Completer.
func completing(id, doc, rule, source string, run func(t T, c *completer)) Case {
	return Case{
		ID: "completion/" + id, Doc: "queue." + doc, Rule: rule, Source: source,
		Needs: []suite.Feature{Completions}, Run: completions(run),
	}
}

// also returns c with one more feature that it needs.
func also(feature suite.Feature, c Case) Case {
	c.Needs = append(c.Needs, feature)
	return c
}

func completionRecvCases() []Case {
	return []Case{
		completing("recv", "OpRecv", "OpRecv receives from a stream. Its result is the number of bytes.",
			"io_uring_prep_recv(3)", completesRecv),
		completing("recv-ready", "OpRecv", "OpRecv moves at least one byte if there is one, and may move fewer than there are.",
			"libuv#1672", completesRecvReady),
		completing("recv-end", "OpRecv", "The result of OpRecv is zero at the end of the stream, after all bytes.",
			"netpoll#122", completesRecvEnd),
		completing("recv-vector", "Op.Vector", "Vector replaces Data: OpRecv fills its segments in order.",
			"readv(2)", completesRecvVector),
		completing("recv-order", "Completer.Submit", "Operations on the same handle and of the same direction begin in the order of submission.",
			"liburing#1409", completesRecvOrder),
		completing("recv-reset", "Completer.Submit", "A failure of the operation itself is its completion: a reset ends an OpRecv.",
			"netpoll#128", completesRecvReset),
		completing("recv-failure", "Completer.Submit", "A failure of the operation itself is its completion and not an error of Submit.",
			"libxev#211", completesRecvFailure),
		completing("copies", "Completer.Submit", "The queue copies *op, so the caller may use the variable again at once.",
			"tokio-uring#175", completesCopied),
		completing("message", "OpRecvMessage", "OpSendMessage sends a datagram, and OpRecvMessage receives it into Message. The results are the numbers of bytes, of which there may be none.",
			"netty#12644", completesMessage),
		completing("messages", "OpSendMessage", "Each OpRecvMessage receives one datagram, each OpSendMessage sends one.",
			"liburing#1433", completesMessages),
	}
}

func completesRecv(t T, c *completer) {
	a, b := pair(t)
	for i := range 3 {
		p := make([]byte, 64)
		o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: p})
		c.pending(o, "without a byte")
		want := pattern(5+i, byte(i))
		b.write(t, want)
		c.result(o, len(want))
		same(t, "received", p[:len(want)], want)
		same(t, "bytes after the received ones", p[len(want):], make([]byte, len(p)-len(want)))
	}
}

func completesRecvReady(t T, c *completer) {
	a, b := pair(t)
	want := pattern(300, 1)
	b.write(t, want)
	var got []byte
	for len(got) < len(want) {
		p := make([]byte, 64)
		e := c.await(c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: p}))
		if e.Result < 1 || int(e.Result) > len(p) {
			t.Fatalf("got result %d (%v) for 64 bytes of room, want 1 to 64", e.Result, e.Err())
		}
		got = append(got, p[:e.Result]...)
	}
	same(t, "received", got, want)
}

func completesRecvEnd(t T, c *completer) {
	a, b := pair(t)
	p := make([]byte, 8)
	b.write(t, []byte("last"))
	b.close(t)
	c.result(c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: p}), 4)
	for range 2 {
		c.result(c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: p}), 0)
	}
	// An operation that already waits sees the end as well.
	x, y := pair(t)
	o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: x.handle, Data: p})
	c.pending(o, "without an end")
	y.close(t)
	c.result(o, 0)
}

func completesRecvVector(t T, c *completer) {
	a, b := pair(t)
	unused := []byte("unused")
	v := [][]byte{make([]byte, 3), {}, make([]byte, 1), make([]byte, 60)}
	o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: unused, Vector: v})
	c.pending(o, "without a byte")
	want := pattern(10, 1)
	b.write(t, want)
	c.result(o, len(want))
	same(t, "received", append(append(append([]byte(nil), v[0]...), v[2]...), v[3][:6]...), want)
	same(t, "Data", unused, []byte("unused"))
}

// completesRecvOrder submits when the bytes are there, so that each receive that begins gets one.
func completesRecvOrder(t T, c *completer) {
	a, b := pair(t)
	want := pattern(8, 1)
	b.write(t, want)
	// On a system whose pairs are TCP connections, the bytes arrive a little later.
	ready := c.submit(queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Readable})
	c.await(ready)
	got := make([]byte, len(want))
	var all []*operation
	for i := range got {
		all = append(all, c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: got[i : i+1]}))
	}
	for _, o := range all {
		c.result(o, 1)
	}
	same(t, "received in the order of submission", got, want)
}

func completesRecvReset(t T, c *completer) {
	client, server := c.f.connected(t)
	o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: server.handle, Data: make([]byte, 8)})
	c.pending(o, "without a byte")
	client.reset(t)
	c.failsAs(o, sys.ClassDisconnected)
}

func completesRecvFailure(t T, c *completer) {
	lonely := tcp(t) // neither connected nor connecting
	c.failsAs(c.submit(queue.Op{Kind: queue.OpRecv, Handle: lonely.handle, Data: make([]byte, 8)}), sys.ClassDisconnected)
	c.failsAs(c.submit(queue.Op{Kind: queue.OpSend, Handle: lonely.handle, Data: make([]byte, 8)}), sys.ClassDisconnected)
}

func completesCopied(t T, c *completer) {
	a, b := pair(t)
	x, _ := pair(t)
	first, second := make([]byte, 4), make([]byte, 4)
	op := queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: first}
	o := c.begin(&op)
	id, err := c.Submit(&op)
	must(t, err)
	o.id = id
	op.Token, op.Data, op.Handle = 0, second, x.handle
	p := c.begin(&op)
	id, err = c.Submit(&op)
	must(t, err)
	p.id = id
	op = queue.Op{}
	b.write(t, []byte("copy"))
	c.result(o, 4)
	same(t, "received", first, []byte("copy"))
	c.pending(p, "with the byte of another handle")
}

// datagrams returns two datagram sockets on loopback and the message to the second.
func datagrams(t T) (from, to *end, message func(p []byte) *sys.Message) {
	t.Helper()
	open := func() *end {
		h, err := sys.UDPSocket(sys.IPv4)
		must(t, err)
		e := own(t, h)
		must(t, sys.Bind(h, loopback))
		return e
	}
	from, to = open(), open()
	addr, err := sys.LocalAddr(to.handle)
	must(t, err)
	return from, to, func(p []byte) *sys.Message { return &sys.Message{Buffer: p, Addr: addr} }
}

func completesMessage(t T, c *completer) {
	from, to, message := datagrams(t)
	sender, err := sys.LocalAddr(from.handle)
	must(t, err)
	for _, want := range [][]byte{[]byte("datagram"), {}, []byte("last")} {
		m := &sys.Message{Buffer: make([]byte, 64)}
		o := c.submit(queue.Op{Kind: queue.OpRecvMessage, Handle: to.handle, Message: m})
		c.pending(o, "without a datagram")
		c.result(c.submit(queue.Op{Kind: queue.OpSendMessage, Handle: from.handle, Message: message(want)}), len(want))
		c.result(o, len(want))
		same(t, "datagram", m.Buffer[:m.N], want)
		if m.Addr != sender {
			t.Errorf("got a datagram from %v, want from %v", m.Addr, sender)
		}
	}
}

func completesMessages(t T, c *completer) {
	from, to, message := datagrams(t)
	const n = 8
	var receives, sends []*operation
	var messages []*sys.Message
	for range n {
		m := &sys.Message{Buffer: make([]byte, 64)}
		messages = append(messages, m)
		receives = append(receives, c.submit(queue.Op{Kind: queue.OpRecvMessage, Handle: to.handle, Message: m}))
	}
	for i := range n {
		sends = append(sends, c.submit(queue.Op{Kind: queue.OpSendMessage, Handle: from.handle, Message: message(pattern(i+1, byte(i)))}))
	}
	seen := map[int]bool{}
	for i := range n {
		c.result(sends[i], i+1)
		e := c.await(receives[i])
		m := messages[i]
		if int(e.Result) != m.N || m.N < 1 || m.N > n {
			t.Fatalf("receive %d: got result %d (%v) and a datagram of %d bytes", i, e.Result, e.Err(), m.N)
		}
		seen[m.N] = true
		same(t, "datagram", m.Buffer[:m.N], pattern(m.N, byte(m.N-1)))
	}
	if len(seen) != n {
		t.Errorf("got %d different datagrams, want %d", len(seen), n)
	}
}
