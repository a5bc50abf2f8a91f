package streamtest

import (
	"errors"
	"net"
	"strings"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
)

// unixPathCases are about names at the limit of what the kernel allows. Package net refuses some of
// them, so both ends are of package stream.
func unixPathCases() []Case {
	all := []Case{
		{
			ID: "unix/longest", Doc: "stream.ListenUnix",
			Rule:   "The longest path that the system allows is a valid name for listeners and peers, even if it fills sun_path and has no NUL.",
			Source: "unix(7), BUGS: the kernel counts a NUL for which struct sockaddr_un has no room",
			Run: in(func(w *world) {
				name, peerName := w.longPath(), w.longPath()
				l := w.listenUnix(name, stream.ListenOptions{})
				dialed := w.connectUnix(w.Context(), w.dialer(), name).get()
				w.check(dialed.err, "dial")
				w.named(dialed.c.RemoteAddr(), unixNetwork, name, "remote address of a dialed connection")
				w.own(w.acceptedUnix(l))

				peer, err := stream.OpenUnix()
				w.check(err, "open")
				w.own(&peer)
				w.check(peer.BindUnix(peerName), "bind")
				w.check(peer.StartConnectUnix(name), "connect")
				got := w.acceptedUnix(l)
				w.own(got)
				w.named(got.RemoteAddr(), unixNetwork, peerName, "remote address of an accepted connection")
			}),
		},
		{
			ID: "packet/unix-longest", Doc: "stream.PacketConn",
			Rule:   "Datagrams come from the longest path that the system allows, alone and in batches, even if it fills sun_path without a NUL. Replies reach it.",
			Source: "unix(7), BUGS: the kernel counts a NUL for which struct sockaddr_un has no room",
			Run: in(func(w *world) {
				name, peerName := w.path(), w.longPath()
				c := w.packets(stream.ListenUnixgram(w.spy, name, stream.PacketOptions{}))
				peer := w.packets(stream.ListenUnixgram(w.spy, peerName, stream.PacketOptions{}))
				w.named(peer.LocalAddr(), unixgramNetwork, peerName, "local address")
				w.namesCome(c, peer, name, peerName)
			}),
		},
	}
	for i := range all {
		all[i].Needs = []Feature{UnixSockets}
		all[i].Refused = in(func(w *world) {
			if _, err := stream.OpenUnix(); !errors.Is(err, errors.ErrUnsupported) {
				w.Errorf("opening a unix-domain socket: %v, want errors.ErrUnsupported", err)
			}
		})
	}
	return append(all, Case{
		ID: "unix/abstract-bytes", Doc: "stream.ListenUnix",
		Rule: "An abstract name may have any bytes, including NULs, and up to 108 with the \"@\". A longer one is refused. Listeners, dials, datagrams and addresses " +
			"carry the whole name.",
		Source: "unix(7): a program that binds a whole struct sockaddr_un has a name of 107 bytes with NULs at its end",
		Needs:  []Feature{AbstractNames},
		Run: in(func(w *world) {
			unique := "@" + w.path()
			for what, name := range map[string]string{
				"NUL inside":  unique + "\x00x",
				"NUL at end":  unique + "\x00",
				"108 bytes":   unique + strings.Repeat("y", longestPath-len(unique)),
				"107 of NULs": unique + strings.Repeat("\x00", longestPath-len(unique)),
			} {
				l := w.listenUnix(name, stream.ListenOptions{})
				w.named(l.Addr(), unixNetwork, name, what+": address of a listener")
				dialed := w.connectUnix(w.Context(), w.dialer(), name).get()
				w.check(dialed.err, what+": dial")
				w.named(dialed.c.RemoteAddr(), unixNetwork, name, what+": remote address of a dialed connection")
				w.own(w.acceptedUnix(l))
			}
			name := w.path()
			peerName := unique + strings.Repeat("\x00", longestPath-len(unique)-1) + "z"
			c := w.packets(stream.ListenUnixgram(w.spy, name, stream.PacketOptions{}))
			peer := w.packets(stream.ListenUnixgram(w.spy, peerName, stream.PacketOptions{}))
			w.namesCome(c, peer, name, peerName)
			_, err := stream.ListenUnix(w.spy, unique+strings.Repeat("y", longestPath+1-len(unique)), stream.ListenOptions{})
			w.expectErrorOn(unixNetwork, err, syscall.ENAMETOOLONG, "listen")
		}),
		Refused: in(func(w *world) {
			if _, err := stream.ListenUnixgram(w.spy, "@edgewise\x00", stream.PacketOptions{}); !errors.Is(err, errors.ErrUnsupported) {
				w.Errorf("datagrams of an abstract name: %v, want errors.ErrUnsupported", err)
			}
		}),
	})
}

// longPath returns an unused path of the greatest length that the system allows.
func (w *world) longPath() string {
	w.Helper()
	path := w.path()
	if len(path) >= longestPath {
		w.Fatalf("the directory of temporary files has a path too long for this case: %s", path)
	}
	return path + strings.Repeat("p", longestPath-len(path))
}

// named checks the name of a unix-domain address.
func (w *world) named(got net.Addr, network, want, what string) {
	w.Helper()
	if got == nil || got.Network() != network || got.String() != want {
		w.Errorf("%s: %q, want %s %q", what, got, network, want)
	}
}

// acceptedUnix accepts the one connection in the queue of l.
func (w *world) acceptedUnix(l listener) net.Conn {
	w.Helper()
	got := w.accept(l).get()
	w.check(got.err, "accept")
	return got.c
}

// namesCome sends from peer to c through every way to receive, and replies to each datagram.
func (w *world) namesCome(c, peer packetConn, name, peerName string) {
	w.Helper()
	to := &net.UnixAddr{Name: name, Net: unixgramNetwork}
	send := func() {
		w.Helper()
		w.check(call(w, "send", func() error { _, err := peer.WriteTo([]byte("yonder"), to); return err }).get(), "send")
	}
	answer := func(from net.Addr) {
		w.Helper()
		w.named(from, unixgramNetwork, peerName, "sender")
		w.check(call(w, "answer", func() error { _, err := c.WriteTo([]byte("back"), from); return err }).get(), "answer")
		w.expectTexts(peer, 1, "back")
	}
	send()
	got := w.receiveFrom(c).get()
	w.check(got.err, "receive")
	answer(got.from)
	ms := messages(1, 64)
	send()
	batch := w.readBatch(c, ms).get()
	w.check(batch.err, "read of a batch")
	answer(&net.UnixAddr{Name: ms[0].Name, Net: unixgramNetwork})
	send()
	_, err := c.TryReadBatch(ms)
	w.check(err, "try of a batch")
	answer(&net.UnixAddr{Name: ms[0].Name, Net: unixgramNetwork})
	send()
	w.expectTexts(c, 1, "yonder")
}
