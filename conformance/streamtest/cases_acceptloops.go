package streamtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/edgewise-go/edgewise/sys"
)

// batchMax is how many queued connections a case takes at once. spread is how many connections it
// makes to listeners that share an address.
const (
	batchMax = 3
	spread   = 40
)

func acceptLoopsCases() []Case {
	return []Case{
		{
			ID: "accept/batch", Doc: "stream.Listener.AcceptBatch",
			Rule: "AcceptBatch waits for one connection and also takes those already in the queue: no more than there is room for, and none twice.",
			Run:  in(acceptBatch),
		},
		{
			ID: "accept/counts", Doc: "stream.Listener.Accepts",
			Rule: "Accepts counts each accepted connection, by whichever call, and nothing else.",
			Run: in(func(w *world) {
				l := w.listen(stream.ListenOptions{})
				if s, _, err := l.TryAccept(); err != sys.ErrWouldBlock {
					s.Close()
					w.Fatalf("TryAccept of an empty queue: %v", err)
				}
				for range 2 {
					w.peerOf(l)
					w.check(w.accept(l).get().err, "accept")
				}
				w.peerOf(l)
				w.batch(l, 1)
				if n := l.Accepts(); n != 3 {
					w.Errorf("Accepts is %d, want 3", n)
				}
			}),
		},
		{
			ID: "accept/shared-port", Doc: "stream.ListenOptions.ReusePort",
			Rule:   "Listeners that share an address through ReusePort take all connections between them, and each counts its own.",
			Source: "servers with one listener per loop",
			Needs:  []Feature{SharedPorts},
			Run:    in(acceptSharedPort),
		},
		{
			ID: "accept/handover", Doc: "stream.Listener.AcceptOn",
			Rule: "AcceptOn ties the connection to the given Waiter, which may differ from the listener's.",
			Run: in(func(w *world) {
				l := w.listen(stream.ListenOptions{})
				other := newSpy(park.Waiter{})
				p := call(w, "accept on", func() dialed {
					c, err := l.AcceptOn(other)
					return dialed{c, err}
				})
				peer := w.peerOf(l)
				got := p.get()
				w.check(got.err, "accept on another Waiter")
				w.own(got.c)
				if a, b := w.spy.open.Load(), other.open.Load(); a != 1 || b != 1 {
					w.Errorf("%d registrations with the listener's Waiter and %d with the other, want one each", a, b)
				}
				// The other Waiter suspends goroutines, and this function runs on one.
				_, err := io.WriteString(got.c, "hello")
				w.check(err, "write")
				w.arrives(peer, []byte("hello"))
			}),
		},
		{
			ID: "file/duplicate", Doc: "stream.Conn.File",
			Rule:  "File returns a duplicate. The connection survives when the file is closed, and the file when the connection is. The peer reads the end after both are closed.",
			Needs: []Feature{NonblockFlag},
			Run:   in(fileDuplicate),
		},
		{
			ID: "file/for-a-child", Doc: "stream.Conn.File",
			Rule:   "The file of a socket is blocking where sys.DontWait reports that calls do not depend on the flag. The connection never blocks.",
			Source: "cat(1) with the connection as its standard input",
			Needs:  []Feature{NonblockFlag},
			Run:    in(fileForAChild),
		},
	}
}

// batch accepts want connections through AcceptBatch.
func (w *world) batch(l listener, want int) []stream.Accepted {
	w.Helper()
	type batch struct {
		all []stream.Accepted
		err error
	}
	b := call(w, "accept a batch", func() (b batch) {
		for len(b.all) < want && b.err == nil {
			var n int
			to := make([]stream.Accepted, batchMax)
			n, b.err = l.AcceptBatch(to)
			if n < 0 || n > batchMax || n == 0 && b.err == nil {
				b.err = errors.New("AcceptBatch returned no connection, or more than there is room for")
			} else {
				b.all = append(b.all, to[:n]...)
			}
		}
		return b
	}).get()
	for i := range b.all {
		w.own(&b.all[i].Socket)
	}
	w.check(b.err, "accept a batch")
	return b.all
}

func acceptBatch(w *world) {
	l := w.listen(stream.ListenOptions{})
	n := w.waits(sys.Readable)
	p := call(w, "accept a batch of an empty queue", func() int {
		to := make([]stream.Accepted, batchMax)
		n, err := l.AcceptBatch(to)
		if err != nil {
			return -1
		}
		for i := range to[:n] {
			w.own(&to[i].Socket)
		}
		return n
	})
	w.waiting(sys.Readable, n)
	w.peerOf(l)
	if n := p.get(); n != 1 {
		w.Fatalf("a batch of one connection has %d", n)
	}
	want := map[netip.AddrPort]bool{}
	for range queued {
		want[w.peerOf(l).LocalAddr().(*net.TCPAddr).AddrPort()] = true
	}
	for _, a := range w.batch(l, queued) {
		if !want[a.Peer] {
			w.Errorf("a connection of %v was accepted twice, or was never made", a.Peer)
		}
		delete(want, a.Peer)
		if ok, err := sys.IsNonblock(a.Socket.Handle()); !ok && !errors.Is(err, errors.ErrUnsupported) {
			w.Errorf("an accepted socket is not non-blocking: %v", err)
		}
	}
	if len(want) > 0 {
		w.Errorf("%d connections were not accepted", len(want))
	}
}

func acceptSharedPort(w *world) {
	config := stream.ListenOptions{ReusePort: true}
	// The kernel may assign an ephemeral port on which other sharing listeners of this user already
	// listen, such as those of other cases. So each listener has an address of its own, where all
	// of 127.0.0.0/8 is available.
	own := netip.AddrPortFrom(netip.AddrFrom4([4]byte(append([]byte{127}, w.random(3)...))), 0)
	one, err := w.f.parts.newListener(w.spy, own, config)
	if err != nil {
		one = w.listen(config)
	}
	w.own(one)
	other, err := w.f.parts.newListener(w.spy, one.AddrPort(), config)
	w.check(err, "second listener on the address")
	w.own(other)
	took := make(chan int, spread)
	var loops []*pending[error]
	for _, l := range []listener{one, other} {
		loops = append(loops, call(w, "accept loop", func() error {
			to := make([]stream.Accepted, batchMax)
			for {
				n, err := l.AcceptBatch(to)
				if err != nil {
					return err
				}
				for i := range to[:n] {
					to[i].Socket.Close()
				}
				took <- n
			}
		}))
	}
	for range spread {
		w.peerOf(one)
	}
	for total := 0; total < spread; {
		total += await(w, fmt.Sprintf("more than %d connections of %d", total, spread), took)
	}
	for i, l := range []listener{one, other} {
		w.check(l.Close(), "close")
		w.expectError(loops[i].get(), net.ErrClosed, "accept")
	}
	if a, b := one.Accepts(), other.Accepts(); a+b != spread {
		w.Errorf("the listeners count %d and %d connections, of %d", a, b, spread)
	}
}

func fileDuplicate(w *world) {
	c, peer := w.pair()
	f, err := c.File()
	w.check(err, "file")
	w.own(f)
	copied, err := net.FileConn(f)
	w.check(err, "connection of the file")
	w.own(copied)
	w.check(f.Close(), "close of the file")
	w.check(w.write(c, []byte("one")).get().err, "write after the file is closed")
	w.arrives(peer, []byte("one"))
	w.check(c.Close(), "close")
	_, err = io.WriteString(copied, "two")
	w.check(err, "write to the duplicate")
	// An end of the stream would come before these bytes.
	w.arrives(peer, []byte("two"))
	w.check(copied.Close(), "close of the duplicate")
	w.ends(peer, nil)
	if _, err := c.File(); !errors.Is(err, net.ErrClosed) {
		w.Errorf("File after Close: %v", err)
	}
}

func fileForAChild(w *world) {
	c, peer := w.pair()
	f, err := c.File()
	w.check(err, "file")
	w.own(f)
	nonblocking, err := sys.IsNonblock(sys.Handle(f.Fd()))
	w.check(err, "flags of the file")
	if nonblocking == sys.DontWait {
		w.Errorf("the file is non-blocking: %v, want %v", nonblocking, !sys.DontWait)
	}
	reads := w.waits(sys.Readable)
	p := w.read(c, 3)
	// A read that blocks its thread never waits.
	w.waiting(sys.Readable, reads)
	_, err = io.WriteString(peer, "one")
	w.check(err, "peer's write")
	if got := p.get(); string(got.data) != "one" || got.err != nil {
		w.Errorf("read: got %q, %v, want %q", got.data, got.err, "one")
	}
}
