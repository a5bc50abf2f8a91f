package streamtest

import (
	"errors"
	"io"
	"net"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

func releaseSocket(w *world) {
	c, peer := w.pair()
	n := w.waits(sys.Readable)
	p := w.read(c, 64)
	w.waiting(sys.Readable, n)
	if s, err := c.ReleaseSocket(); s.Handle() != sys.Invalid || !errors.Is(err, stream.ErrBusy) {
		w.Errorf("ReleaseSocket during a read: %v, %v; want ErrBusy", s.Handle(), err)
	}
	_, err := io.WriteString(peer, "first")
	w.check(err, "peer's write")
	if got := p.get(); string(got.data) != "first" {
		w.Fatalf("read: got %v, want %q", got, "first")
	}
	before := w.spy.open.Load()
	var s stream.Socket
	w.released(func() (err error) {
		s, err = c.ReleaseSocket()
		return err
	}, func() {})
	w.own(&s)
	if got := w.spy.open.Load(); got != before-1 {
		w.Errorf("%d registrations are open after ReleaseSocket, want %d", got, before-1)
	}
	w.expectError(w.read(c, 1).get().err, net.ErrClosed, "read")
	w.expectError(c.Close(), net.ErrClosed, "close")
	if _, err := c.ReleaseSocket(); !errors.Is(err, net.ErrClosed) {
		w.Errorf("a second ReleaseSocket: %v, want net.ErrClosed", err)
	}
	if _, err := s.TryWrite([]byte("second")); err != nil {
		w.Fatalf("write to the released socket: %v", err)
	}
	w.arrives(peer, []byte("second"))
}

// released calls release until the transfer of its connection has ended, if the connection has one.
// meanwhile runs after each call that returns ErrBusy.
func (w *world) released(release func() error, meanwhile func()) {
	w.Helper()
	suite.Until(w, "the end of the transfer of a connection", func() bool {
		err := release()
		if w.spy.moved.Load() > 0 && errors.Is(err, stream.ErrBusy) {
			meanwhile()
			return false
		}
		w.check(err, "release")
		return true
	})
}
