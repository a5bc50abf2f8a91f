package streamtest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// recordNetwork is package net's name for unix-domain sockets with records.
const recordNetwork = "unixpacket"

// unixOptionCases are about unix-domain networks and options that package net has too.
func unixOptionCases() []Case {
	all := []Case{
		{
			ID: "unix/local-address", Doc: "stream.Dialer",
			Rule: "A dial with LocalAddr has that name, which its peer sees: of unix-domain streams and datagrams. Its path stays after Close. Control gets the " +
				"network and the name.",
			Source: "net.Dialer.LocalAddr",
			Run:    in(unixLocalAddress),
		},
		{
			ID: "unix/unlink-on-close", Doc: "stream.Listener.SetUnlinkOnClose",
			Rule:   "SetUnlinkOnClose sets whether Close removes the path, whatever ListenOptions.KeepPath was.",
			Source: "net.UnixListener.SetUnlinkOnClose",
			Run: in(func(w *world) {
				for _, keep := range []bool{false, true} {
					for _, unlink := range []bool{false, true} {
						name := w.path()
						l := w.listenUnix(name, stream.ListenOptions{KeepPath: keep})
						l.SetUnlinkOnClose(unlink)
						w.check(l.Close(), "close")
						if _, err := os.Lstat(name); errors.Is(err, os.ErrNotExist) != unlink {
							w.Errorf("after SetUnlinkOnClose(%v) with KeepPath %v, the path is %v", unlink, keep, err)
						}
					}
				}
			}),
		},
	}
	for i := range all {
		all[i].Needs = []Feature{UnixSockets}
		all[i].Refused = in(func(w *world) {
			if _, err := w.listenBy(stream.ListenConfig{}, unixNetwork, w.path()); !errors.Is(err, errors.ErrUnsupported) {
				w.Errorf("listening in network unix: %v, want errors.ErrUnsupported", err)
			}
		})
	}
	return append(all, Case{
		ID: "unix/records", Doc: "stream.OpenUnixpacket",
		Rule: "In network \"unixpacket\", dials and listens work as in package net: each write is one record, and each read receives one and discards what exceeds its " +
			"buffer. The end of the stream is io.EOF.",
		Source: "unix(7), SOCK_SEQPACKET",
		Needs:  []Feature{UnixRecords},
		Run:    in(unixRecords),
		Refused: in(func(w *world) {
			_, err := w.listenBy(stream.ListenConfig{}, recordNetwork, w.path())
			if !errors.Is(err, errors.ErrUnsupported) {
				w.Errorf("listening in network unixpacket: %v, want errors.ErrUnsupported", err)
			}
			if _, err := w.dialTo(w.Context(), stream.Dialer{}, recordNetwork, w.path()); !errors.Is(err, errors.ErrUnsupported) {
				w.Errorf("dialing in network unixpacket: %v, want errors.ErrUnsupported", err)
			}
		}),
	})
}

func unixLocalAddress(w *world) {
	dir := w.TempDir()
	name, own := filepath.Join(dir, "listener"), filepath.Join(dir, "dialer")
	l := w.listenUnixNet(name)
	control := &controlCalls{}
	c, err := w.dialTo(w.Context(), stream.Dialer{LocalAddr: &net.UnixAddr{Name: own, Net: unixNetwork}, Control: control.call}, unixNetwork, name)
	w.check(err, "dial")
	peer, err := l.Accept()
	w.check(w.closed(peer, err), "peer's accept")
	w.named(peer.RemoteAddr(), unixNetwork, own, "the peer's remote address")
	w.named(c.LocalAddr(), unixNetwork, own, "local address")
	if len(control.calls) != 1 || control.calls[0] != unixNetwork+" "+name {
		w.Errorf("calls of Control: %q", control.calls)
	}
	w.check(c.Close(), "close")
	if _, err := os.Lstat(own); err != nil {
		w.Errorf("the path of a local address after Close: %v", err)
	}
	grams := filepath.Join(dir, "grams")
	d, err := w.dialTo(w.Context(), stream.Dialer{LocalAddr: &net.UnixAddr{Name: grams, Net: unixgramNetwork}}, unixgramNetwork, w.unixgramOf(filepath.Join(dir, "receiver")))
	w.check(err, "dial of datagrams")
	w.named(d.LocalAddr(), unixgramNetwork, grams, "local address of datagrams")
}

// unixgramOf opens a socket for datagrams, and returns its name.
func (w *world) unixgramOf(name string) string {
	w.Helper()
	w.unixgramPeer(name)
	return name
}

// record is longer than what the pieces of a stream would be joined to.
var record = bytes.Repeat([]byte("r"), 1<<12)

func unixRecords(w *world) {
	name := w.path()
	opened, err := w.listenBy(stream.ListenConfig{}, recordNetwork, name)
	w.check(err, "listen")
	l := listener(opened)
	if w.f.parts.listener != nil {
		l = w.f.parts.listener(opened)
	}
	w.named(l.Addr(), recordNetwork, name, "address of the listener")
	n := w.waits(sys.Readable)
	accepting := w.accept(l)
	w.waiting(sys.Readable, n)
	peer, err := net.DialUnix(recordNetwork, nil, &net.UnixAddr{Name: name, Net: recordNetwork})
	w.check(w.closed(peer, err), "peer's dial")
	accepted := accepting.get()
	w.check(accepted.err, "accept")
	w.own(accepted.c)
	w.addressed(accepted.c, peer)
	w.records(accepted.c.(conn), peer)

	other := w.path()
	theirs := w.listenRecords(other)
	dialed, err := w.dialTo(w.Context(), stream.Dialer{}, recordNetwork, other)
	w.check(err, "dial")
	far, err := theirs.AcceptUnix()
	w.check(w.closed(far, err), "peer's accept")
	w.addressed(dialed, far)
	w.records(dialed.(conn), far)
	w.check(l.Close(), "close")
	if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
		w.Errorf("the path after Close: %v, want that it does not exist", err)
	}
}

func (w *world) listenRecords(name string) *net.UnixListener {
	w.Helper()
	l, err := net.ListenUnix(recordNetwork, &net.UnixAddr{Name: name, Net: recordNetwork})
	w.check(w.closed(l, err), "peer's listen")
	return l
}

// records sends records both ways, and ends the stream of the peer.
func (w *world) records(c conn, peer *net.UnixConn) {
	w.Helper()
	send := func(p []byte) {
		_, err := peer.Write(p)
		w.check(err, "peer's write")
	}
	n := w.waits(sys.Readable)
	p := w.read(c, 64)
	w.waiting(sys.Readable, n)
	send([]byte("one"))
	send([]byte("two"))
	send(record)
	send([]byte("last"))
	if got := p.get(); string(got.data) != "one" || got.err != nil {
		w.Fatalf("read: %v, want one record", got)
	}
	w.expectRead(c, "two")
	if got := w.read(c, 5).get(); string(got.data) != "rrrrr" || got.err != nil {
		w.Fatalf("read of the beginning of a record: %v", got)
	}
	w.expectRead(c, "last")

	w.check(w.write(c, []byte("three")).get().err, "write")
	segments := net.Buffers{[]byte("fo"), []byte("ur")}
	w.check(call(w, "writev", func() error { _, err := c.Writev(&segments); return err }).get(), "writev")
	copied := call(w, "copy", func() error { _, err := c.ReadFrom(bytes.NewReader(record)); return err }).get()
	w.check(copied, "copy")
	back := make([]byte, len(record)+1)
	for _, want := range [][]byte{[]byte("three"), []byte("four"), record} {
		if n, err := w.from(peer).Read(back); err != nil || !bytes.Equal(back[:n], want) {
			w.Errorf("the peer got %.40q, %v; want %.40q", back[:max(n, 0)], err, want)
		}
	}
	w.check(peer.CloseWrite(), "peer's end")
	if got := w.read(c, 64).get(); got.n != 0 || got.err != io.EOF {
		w.Fatalf("read: got %v, want 0 bytes and io.EOF itself", got)
	}
}
