package streamtest

import (
	"net"

	"github.com/edgewise-go/edgewise/stream"
)

// multipathConn is the interface of *stream.Conn and *net.TCPConn that reports the protocol.
type multipathConn interface {
	MultipathTCP() (bool, error)
}

func multipathCases() []Case {
	fallsBack := func(w *world) {
		w.multipath(true, false, false)
		w.multipath(false, true, false)
		w.multipath(false, false, false)
	}
	return []Case{{
		ID: "options/multipath", Doc: "stream.Conn.MultipathTCP",
		Rule: "If both ends ask for Multipath TCP and the system has it, the connection uses it. Otherwise the connection uses TCP. MultipathTCP reports which, and " +
			"bytes go both ways.",
		Source: "RFC 8684; net.TCPConn.MultipathTCP",
		Needs:  []Feature{MultipathTCP},
		Run: in(func(w *world) {
			w.multipath(true, true, true)
			fallsBack(w)
		}),
		Refused: in(func(w *world) {
			w.multipath(true, true, false)
			fallsBack(w)
		}),
	}}
}

// multipath connects two ends, of which some ask for Multipath TCP, once with each end under test.
func (w *world) multipath(dials, listens, want bool) {
	w.Helper()
	l := w.listen(stream.ListenOptions{MultipathTCP: listens})
	d := &net.Dialer{}
	d.SetMultipathTCP(dials)
	peer, err := d.Dial("tcp", l.Addr().String())
	w.check(w.closed(peer, err), "peer's dial")
	got := w.accept(l).get()
	w.check(got.err, "accept")
	w.own(got.c)
	w.speaks(got.c, peer, want)

	var config net.ListenConfig
	config.SetMultipathTCP(listens)
	theirs, err := config.Listen(w.Context(), "tcp", "127.0.0.1:0")
	w.check(w.closed(theirs, err), "peer's listen")
	c, err := w.dialTo(w.Context(), stream.Dialer{MultipathTCP: dials}, "tcp", theirs.Addr().String())
	w.check(err, "dial")
	far, err := theirs.Accept()
	w.check(w.closed(far, err), "peer's accept")
	w.speaks(c, far, want)
}

// speaks checks the protocol of a connection and its peer, and sends bytes both ways.
func (w *world) speaks(c, peer net.Conn, want bool) {
	w.Helper()
	ours, err := c.(multipathConn).MultipathTCP()
	w.check(err, "MultipathTCP")
	theirs, err := peer.(*net.TCPConn).MultipathTCP()
	w.check(err, "peer's MultipathTCP")
	if ours != want || theirs != want {
		w.Errorf("Multipath TCP: %v, and by package net %v; want %v", ours, theirs, want)
	}
	w.speakTCP(c.(conn), peer)
}

func (w *world) speakTCP(c conn, peer net.Conn) {
	w.Helper()
	w.check(w.write(c, []byte("out")).get().err, "write")
	p := make([]byte, 8)
	if n, err := w.from(peer).Read(p); string(p[:n]) != "out" || err != nil {
		w.Errorf("the peer got %q, %v", p[:n], err)
	}
	_, err := peer.Write([]byte("in"))
	w.check(err, "peer's write")
	w.expectRead(c, "in")
	w.check(peer.Close(), "peer's close")
	w.expectEOF(c)
}
