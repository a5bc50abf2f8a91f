package queuetest

import (
	"bytes"
	"runtime"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func completionCloseCases() []Case {
	alone := func(c Case) Case { // it depends on the number of a closed handle
		c.Alone = true
		return c
	}
	return []Case{
		completing("close-handle", "Completer", "To close a handle, cancel its operations, wait for their terminal completions, and close it: the peer sees the end, and all that was sent before.",
			"liburing#363, libuv 99eb736b", closesHandle),
		alone(completing("close-number", "Completer", "An operation owns its memory only until its terminal completion: bytes for the next owner of the handle's number go to that owner.",
			"liburing#568, gnet#621", closesNumber)),
		completing("close-listener", "Completer", "After the operations of a listener have ended and it is closed, it accepts no more connections.",
			"io_uring_prep_multishot_accept(3)", closesListener),
		completing("close-in-flight", "Completer", "Close ends all operations. After it has returned, none reads or writes memory.",
			"netty#14933, compio#943", closesInFlight),
		completing("close-untaken", "Completer", "Close closes the connections that operations have accepted and that no Wait has returned.",
			"monoio#318", closesUntaken),
		completing("close-wait", "Queue.Close", "Every Wait returns ErrClosed, also with operations in flight and completions that no Wait has returned.",
			"libuv fe7ee4a6", closesWait),
	}
}

func closesHandle(t T, c *completer) {
	for _, multi := range []bool{false, true} {
		client, server := c.f.connected(t)
		buffers := c.lend(2, 8)
		var all []*operation
		if multi {
			all = append(all, c.submit(queue.Op{Kind: queue.OpRecv, Handle: server.handle, Buffers: buffers, Multi: true}))
		} else {
			all = append(all, c.submit(queue.Op{Kind: queue.OpRecv, Handle: server.handle, Data: make([]byte, 8)}))
		}
		all = append(all, c.submit(queue.Op{Kind: queue.OpPoll, Handle: server.handle, Interest: queue.Readable, Multi: multi}))
		data := pattern(1000, 1)
		c.result(c.submit(queue.Op{Kind: queue.OpSend, Handle: server.handle, Data: data}), len(data))
		for _, o := range all {
			c.cancel(o)
		}
		for _, o := range all {
			c.fails(o, queue.ErrCanceled)
		}
		server.close(t)
		same(t, "received by the peer", c.f.reads(t, client, len(data)), data)
		c.f.patiently(t, "end of the closed connection", func() error {
			n, err := sys.Read(client.handle, make([]byte, 1))
			if n > 0 {
				t.Fatalf("the peer reads a byte more than was sent")
			}
			return err
		})
		must(t, buffers.Close())
	}
}

func closesNumber(t T, c *completer) {
	for range 20 {
		a, b := pair(t)
		old := make([]byte, 64)
		o := c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: old})
		p := c.submit(queue.Op{Kind: queue.OpPoll, Handle: a.handle, Interest: queue.Readable})
		c.fence()
		c.cancel(o)
		c.cancel(p)
		c.fails(o, queue.ErrCanceled)
		c.fails(p, queue.ErrCanceled)
		number := a.handle
		a.close(t)
		b.close(t)
		var next, peer *end // the kernel uses the lowest numbers that are free
		for next == nil || next.handle != number && next.handle < number {
			next, peer = pair(t)
			if peer.handle == number {
				next, peer = peer, next
			}
		}
		want := pattern(32, 1)
		p = c.submit(queue.Op{Kind: queue.OpPoll, Handle: next.handle, Interest: queue.Readable})
		c.pending(p, "although only the former owner of the number has had bytes")
		peer.write(t, want)
		c.await(p)
		same(t, "bytes for the next owner", c.f.reads(t, next, len(want)), want)
		if !bytes.Equal(old, make([]byte, len(old))) {
			t.Fatalf("bytes for the next owner of number %v are in the buffer of the former", number)
		}
		c.forget(o)
		c.forget(p)
	}
}

func closesListener(t T, c *completer) {
	for _, multi := range []bool{false, true} {
		l, addr := listen(t)
		o := c.submit(queue.Op{Kind: queue.OpAccept, Handle: l.handle, Multi: multi})
		c.pending(o, "without a connection")
		c.cancel(o)
		c.fails(o, queue.ErrCanceled)
		l.close(t)
		c.failsAs(c.submit(queue.Op{Kind: queue.OpConnect, Handle: tcp(t).handle, Message: &sys.Message{Addr: addr}}), sys.ClassRefused)
		c.pending(o, "for a connection after the close")
	}
}

// closesInFlight fills the memory of operations after Close with a pattern that must remain.
func closesInFlight(t T, first *completer) {
	for round := range 3 {
		c := newCompleter(t, first.f, first.f.another(t))
		const handles, each, size = 50, 20, 64
		buffers := c.lend(64, size)
		var peers []*end
		var memory [][]byte
		for range handles {
			a, b := pair(t)
			peers = append(peers, b)
			for i := range each {
				op := queue.Op{Kind: queue.OpRecv, Handle: a.handle}
				switch i % 4 {
				case 0:
					op.Buffers = buffers
				case 1:
					p := make([]byte, 2*size)
					memory = append(memory, p)
					op.Vector = [][]byte{p[:size:size], p[size:]}
				default:
					op.Data = make([]byte, size)
					memory = append(memory, op.Data)
				}
				_, err := c.Submit(&op)
				must(t, err)
			}
		}
		if round > 0 { // the operations have begun
			must(t, c.Wake())
			_, err := c.Wait(c.events, c.f.patience)
			must(t, err)
		}
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for i := range 4 * handles {
				_, _ = sys.Write(peers[i%handles].handle, make([]byte, size))
			}
		}()
		if round == 2 {
			_, err := c.Wait(c.events, 0)
			must(t, err)
		}
		must(t, c.Close())
		for i, p := range memory {
			copy(p, bytes.Repeat([]byte{byte(i) | 1}, len(p)))
		}
		<-sent
		for _, b := range peers {
			_, _ = sys.Write(b.handle, make([]byte, size))
		}
		_, err := c.Wait(c.events, 0)
		wantError(t, "wait after Close", err, queue.ErrClosed)
		for range 3 {
			runtime.GC()
			_ = make([]byte, 1<<20)
		}
		for i, p := range memory {
			if !bytes.Equal(p, bytes.Repeat([]byte{byte(i) | 1}, len(p))) {
				t.Fatalf("the memory of operation %d of %d changes after Close", i, len(memory))
			}
		}
	}
}

func closesUntaken(t T, first *completer) {
	for _, multi := range []bool{false, true} {
		c := newCompleter(t, first.f, first.f.another(t))
		l, addr := listen(t)
		for range 4 {
			_, err := c.Submit(&queue.Op{Kind: queue.OpAccept, Handle: l.handle, Multi: multi, Token: firstToken})
			must(t, err)
			if multi {
				break
			}
		}
		must(t, c.Wake())
		_, err := c.Wait(c.events, c.f.patience)
		must(t, err)
		var clients []*end
		for range 4 {
			client := tcp(t)
			connect(t, client, addr)
			clients = append(clients, client)
		}
		// One Wait with room for one completion lets the mechanism accept the others.
		n, err := c.Wait(c.events[:1], c.f.patience)
		must(t, err)
		for _, e := range c.events[:n] {
			if e.Result >= 0 {
				must(t, sys.Close(sys.Handle(e.Result)))
			}
		}
		must(t, c.Close())
		l.close(t)
		for _, client := range clients {
			c.f.ends(t, client, "end of a connection after the queue and the listener are closed")
		}
	}
}

func closesWait(t T, c *completer) {
	a, b := pair(t)
	x, _ := pair(t)
	for range 8 {
		c.submit(queue.Op{Kind: queue.OpRecv, Handle: a.handle, Data: make([]byte, 8)})
		c.submit(queue.Op{Kind: queue.OpRecv, Handle: x.handle, Data: make([]byte, 8)})
		c.submit(queue.Op{Kind: queue.OpTimeout, After: time.Hour})
	}
	c.fence()
	var err error
	await := startBlocked(t, "a blocked wait with nothing to report", func() {
		for err == nil {
			_, err = c.Wait(make([]queue.Event, 1), -1)
		}
	})
	b.send(t, 1)
	must(t, c.Close())
	c.closed = true
	await(t, "wait during Close")
	wantError(t, "wait during Close", err, queue.ErrClosed)
	_, err = c.Wait(c.events, 0)
	wantError(t, "wait after Close with completions that no Wait has returned", err, queue.ErrClosed)
	// Handles stay open.
	x.send(t, 1)
}
