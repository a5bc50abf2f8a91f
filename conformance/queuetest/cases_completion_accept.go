package queuetest

import (
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func completionAcceptCases() []Case {
	return []Case{
		completing("accept", "OpAccept", "OpAccept accepts a connection. Its result is the handle, which belongs to the caller.",
			"io_uring_prep_accept(3)", completesAccept),
		completing("accept-state", "OpAccept", "The accepted handle is non-blocking, close-on-exec, and fully connected: its addresses are known, and it can be shut down.",
			"gnet#743, SO_UPDATE_ACCEPT_CONTEXT", completesAcceptState),
		completing("accept-multi", "Op.Multi", "Multi keeps an OpAccept going after a completion. Each completion except the terminal one has More.",
			"gnet 050672ff", completesAcceptMulti),
		completing("connect", "OpConnect", "OpConnect connects to the peer in Message.Addr. Its result is zero, and the handle is then fully connected.",
			"SO_UPDATE_CONNECT_CONTEXT", completesConnect),
		completing("connect-refused", "OpConnect", "An OpConnect to a port without a socket fails, once.",
			"mio#1303, poco#3248", completesConnectRefused),
		also(UnixSockets, completing("connect-unix", "OpConnect", "OpConnect connects to the peer in Message.Name for a Unix-domain socket.",
			"unix(7)", completesConnectUnix)),
		completing("close", "OpClose", "OpClose closes Handle. Its result is zero.",
			"io_uring_prep_close(3)", completesClose),
	}
}

// handle returns the handle that an accept completed with.
func (c *completer) handle(e queue.Event) *end {
	c.t.Helper()
	if e.Result < 0 {
		c.t.Fatalf("accept: %v", e.Err())
	}
	return own(c.t, sys.Handle(e.Result))
}

func completesAccept(t T, c *completer) {
	l, addr := listen(t)
	for range 2 {
		o := c.submit(queue.Op{Kind: queue.OpAccept, Handle: l.handle})
		c.pending(o, "without a connection")
		client := tcp(t)
		connect(t, client, addr)
		server := c.handle(c.await(o))
		server.write(t, []byte("hello"))
		same(t, "received by the client", c.f.reads(t, client, 5), []byte("hello"))
	}
}

func completesAcceptState(t T, c *completer) {
	l, addr := listen(t)
	o := c.submit(queue.Op{Kind: queue.OpAccept, Handle: l.handle})
	client := tcp(t)
	connect(t, client, addr)
	server := c.handle(c.await(o))
	c.connectedState(server, client)
	if nonblocking, err := sys.IsNonblock(server.handle); err == nil && !nonblocking {
		t.Errorf("the accepted handle is blocking")
	}
	if inherited, err := inherited(server.handle); err == nil && inherited {
		t.Errorf("the accepted handle is inherited by programs that the process executes")
	}
	// A read of a blocking handle would not return.
	_, err := sys.Recv(server.handle, make([]byte, 1))
	wantError(t, "read without a byte", err, sys.ErrWouldBlock)
}

// connectedState fails the case unless e knows both its addresses and can be shut down, which peer
// then sees.
func (c *completer) connectedState(e, peer *end) {
	c.t.Helper()
	local, err := sys.LocalAddr(e.handle)
	must(c.t, err)
	remote, err := sys.PeerAddr(e.handle)
	must(c.t, err)
	if want, err := sys.PeerAddr(peer.handle); err != nil || local != want {
		c.t.Errorf("got local address %v, want %v, the peer of the peer (%v)", local, want, err)
	}
	if want, err := sys.LocalAddr(peer.handle); err != nil || remote != want {
		c.t.Errorf("got remote address %v, want %v, the address of the peer (%v)", remote, want, err)
	}
	if err := sys.Shutdown(e.handle, sys.ShutWriting); err != nil {
		c.t.Errorf("shutdown: %v", err)
	}
	c.f.ends(c.t, peer, "end after a shutdown")
}

func completesAcceptMulti(t T, c *completer) {
	l, addr := listen(t)
	const n = 8
	o := c.submit(queue.Op{Kind: queue.OpAccept, Handle: l.handle, Multi: true})
	seen := map[sys.Handle]bool{}
	for i := range n {
		client := tcp(t)
		connect(t, client, addr)
		e := c.count(o, i+1)
		if e.Completion&queue.More == 0 {
			t.Fatalf("completion %d of an OpAccept with Multi is terminal: result %d (%v)", i+1, e.Result, e.Err())
		}
		server := c.handle(e)
		seen[server.handle] = true
		server.write(t, []byte{byte(i)})
		same(t, "received by the client", c.f.reads(t, client, 1), []byte{byte(i)})
	}
	if len(seen) != n {
		t.Errorf("got %d different handles of %d connections", len(seen), n)
	}
	c.cancel(o)
	c.fails(o, queue.ErrCanceled)
}

func completesConnect(t T, c *completer) {
	l, addr := listen(t)
	client := tcp(t)
	o := c.submit(queue.Op{Kind: queue.OpConnect, Handle: client.handle, Message: &sys.Message{Addr: addr}})
	c.result(o, 0)
	server := c.f.accept(t, l)
	c.connectedState(client, server)
}

// refused returns an operation that connects to a port without a listener. The port is that of a
// connected client, so that no other case can take it. A port that is bound but does not listen
// would not do: the BSDs do not answer.
func (c *completer) refused() queue.Op {
	c.t.Helper()
	nobody, _ := c.f.connected(c.t)
	addr, err := sys.LocalAddr(nobody.handle)
	must(c.t, err)
	e := tcp(c.t)
	must(c.t, sys.Bind(e.handle, loopback)) // otherwise the system might choose the same port and connect the socket to itself
	return queue.Op{Kind: queue.OpConnect, Handle: e.handle, Message: &sys.Message{Addr: addr}}
}

func completesConnectRefused(t T, c *completer) {
	for range 3 {
		o := c.submit(c.refused())
		c.failsAs(o, sys.ClassRefused)
		c.pending(o, "again")
	}
}

func completesConnectUnix(t T, c *completer) {
	h, err := sys.UnixSocket()
	must(t, err)
	l := own(t, h)
	name := t.TempDir() + "/s"
	must(t, sys.BindUnix(l.handle, name))
	must(t, sys.Listen(l.handle, 4))
	h, err = sys.UnixSocket()
	must(t, err)
	client := own(t, h)
	c.result(c.submit(queue.Op{Kind: queue.OpConnect, Handle: client.handle, Message: &sys.Message{Name: name}}), 0)
	server := c.f.accept(t, l)
	client.write(t, []byte("unix"))
	same(t, "received", c.f.reads(t, server, 4), []byte("unix"))
}

func completesClose(t T, c *completer) {
	x, y, err := sys.SocketPair()
	must(t, err)
	peer := own(t, y)
	c.result(c.submit(queue.Op{Kind: queue.OpClose, Handle: x}), 0)
	c.f.ends(t, peer, "end after OpClose")
}
