package streamtest

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// bounded is a peer whose reads end if nothing arrives for the patience of a case.
type bounded struct {
	net.Conn
	patience time.Duration
}

func (b bounded) Read(p []byte) (int, error) {
	if err := b.SetReadDeadline(time.Now().Add(b.patience)); err != nil {
		return 0, err
	}
	return b.Conn.Read(p)
}

// patient is a peer whose reads end the case as hung.
type patient struct {
	w    *world
	peer bounded
}

// from returns a reader of peer, which package net or crypto/tls has made. Only the goroutine of
// the case may use it. If nothing arrives for the patience of the case, it ends the case as hung.
func (w *world) from(peer net.Conn) io.Reader { return patient{w, bounded{peer, w.Patience()}} }

func (p patient) Read(b []byte) (int, error) {
	p.w.Helper()
	n, err := p.peer.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.w.Hang("bytes arrive at the peer")
	}
	return n, err
}

// arrives wants the peer to read exactly these bytes.
func (w *world) arrives(peer net.Conn, want []byte) {
	w.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(w.from(peer), got); err != nil {
		w.Fatalf("peer read %d of %d bytes: %v", n, len(want), err)
	}
	if string(got) != string(want) {
		w.Fatalf("the bytes that arrived differ from those written")
	}
}

// ends wants the peer to read these bytes, and then the end of the stream.
func (w *world) ends(peer net.Conn, want []byte) {
	w.Helper()
	w.arrives(peer, want)
	if n, err := w.from(peer).Read(make([]byte, 1)); n != 0 || err != io.EOF {
		w.Fatalf("peer's read at the end: %d, %v", n, err)
	}
}

// shakes performs the handshake of a peer.
func (w *world) shakes(peer *tls.Conn) {
	w.Helper()
	w.check(peer.SetDeadline(time.Now().Add(w.Patience())), "peer's deadline")
	err := peer.Handshake()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.Hang("the peer's handshake")
	}
	w.check(err, "peer's handshake")
	w.check(peer.SetDeadline(time.Time{}), "peer's deadline")
}
