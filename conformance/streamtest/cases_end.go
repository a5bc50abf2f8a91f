package streamtest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// half is what is sent one way after the other way has ended.
const half = 256 << 10

func endCases() []Case {
	return []Case{
		{
			ID: "end/close-write", Doc: "stream.Conn.CloseWrite",
			Rule:   "CloseWrite ends the stream to the peer after the bytes already written, and reading continues.",
			Source: "data dropped when the peer's FIN follows the local one",
			Run: in(func(w *world) {
				c, peer := w.pair()
				w.check(w.write(c, []byte("question")).get().err, "write")
				w.check(c.CloseWrite(), "close write")
				got, err := io.ReadAll(w.from(peer))
				if string(got) != "question" || err != nil {
					w.Fatalf("peer read %q, %v", got, err)
				}
				w.answered(c, peer)
				if r := w.write(c, []byte("more")).get(); r.err == nil {
					w.Errorf("a write after CloseWrite succeeded")
				}
			}),
		},
		{
			ID: "end/peer-close-write", Doc: "stream.Conn.Read",
			Rule:   "The end of the peer's stream is io.EOF on every read, and writing continues.",
			Source: "a half-close mistaken for a full one",
			Run: in(func(w *world) {
				c, peer := w.pair()
				n := w.waits(sys.Readable)
				p := w.read(c, 64)
				w.waiting(sys.Readable, n)
				w.check(peer.CloseWrite(), "peer's close")
				if got := p.get(); got.n != 0 || got.err != io.EOF {
					w.Fatalf("read: got %v, want io.EOF", got)
				}
				w.expectEOF(c)
				data := w.random(half)
				writer := w.write(c, data)
				got := make([]byte, half)
				_, err := io.ReadFull(w.from(peer), got)
				w.check(err, "peer's read")
				if r := writer.get(); r.n != half || r.err != nil || !bytes.Equal(got, data) {
					w.Errorf("write after the peer's end: %v", r)
				}
			}),
		},
		{
			ID: "end/close-read", Doc: "stream.Conn.CloseRead",
			Rule: "CloseRead makes a running read return io.EOF, and writing continues.",
			Run: in(func(w *world) {
				c, peer := w.pair()
				n := w.waits(sys.Readable)
				p := w.read(c, 64)
				w.waiting(sys.Readable, n)
				w.check(c.CloseRead(), "close read")
				if got := p.get(); got.n != 0 || got.err != io.EOF {
					w.Fatalf("read: got %v, want io.EOF", got)
				}
				w.check(w.write(c, []byte("still")).get().err, "write")
				got := make([]byte, 5)
				_, err := io.ReadFull(w.from(peer), got)
				w.check(err, "peer's read")
			}),
		},
		{
			ID: "end/with-data", Doc: "stream.Conn.Read",
			Rule:   "Bytes and the end that arrive together are read as bytes, then io.EOF, without a further event.",
			Source: "a short read that hides the end of the stream",
			Run: in(func(w *world) {
				for _, early := range []bool{true, false} {
					c, peer := w.pair()
					n := w.waits(sys.Readable)
					var p *pending[result]
					if !early {
						p = w.read(c, 64)
						w.waiting(sys.Readable, n)
					}
					_, err := io.WriteString(peer, "abc")
					w.check(err, "peer's write")
					w.check(peer.CloseWrite(), "peer's close")
					if early {
						// The peer reads this after the end of its own stream has gone the same
						// way.
						w.check(w.write(c, []byte("x")).get().err, "write")
						_, err := io.ReadFull(w.from(peer), make([]byte, 1))
						w.check(err, "peer's read")
						p = w.read(c, 64)
					}
					if got := p.get(); string(got.data) != "abc" || got.err != nil {
						w.Fatalf("read: got %v, want abc", got)
					}
					w.expectEOF(c)
				}
			}),
		},
		{
			ID: "end/reset", Doc: "stream.Conn",
			Rule:   "After the bytes that the system keeps, one read returns the reset as ECONNRESET (WSAECONNRESET). Later reads return at once and without bytes.",
			Source: "Linux delivers what came before a reset, others may discard it",
			Run: in(func(w *world) {
				c, peer := w.pair()
				_, err := io.WriteString(peer, "abc")
				w.check(err, "peer's write")
				reset(w, peer)
				got := w.read(c, 64).get()
				if string(got.data) == "abc" && got.err == nil {
					got = w.read(c, 64).get()
				}
				w.expectCall(got, errReset, "read")
				for range 2 {
					if again := w.read(c, 64).get(); again.n != 0 || again.err == nil {
						w.Errorf("read after the reset was reported: %v", again)
					}
				}
			}),
		},
		{
			ID: "end/write-after-reset", Doc: "stream.Conn.Write",
			Rule:   "A write to a reset connection returns EPIPE (WSAECONNRESET), and CloseWrite does nothing to it.",
			Source: "shutdown of a reset socket returns ENOTCONN, which adds no information",
			Run: in(func(w *world) {
				c, peer := w.pair()
				p := w.read(c, 64)
				reset(w, peer)
				w.expectCall(p.get(), errReset, "read")
				w.expectCall(w.write(c, []byte("a")).get(), errAfterReset, "write")
				if err := c.CloseWrite(); err != nil {
					w.Errorf("CloseWrite after a reset: %v", err)
				}
			}),
		},
	}
}

// answered sends bytes to c, whose own stream has ended, and then the end.
func (w *world) answered(c conn, peer *net.TCPConn) {
	w.Helper()
	data := w.random(half)
	go func() {
		peer.Write(data)
		peer.CloseWrite()
	}()
	if got := w.readAll(c).get(); !bytes.Equal(got.data, data) || got.err != nil {
		w.Fatalf("%d of %d bytes of the answer arrived, or they differ: %v", got.n, half, got.err)
	}
}

// reset closes peer with a reset instead of the end of the stream.
func reset(w *world, peer *net.TCPConn) {
	w.Helper()
	w.check(peer.SetLinger(0), "peer's linger")
	w.check(peer.Close(), "peer's close")
}

// expectCall wants no bytes, and an errno inside an *os.SyscallError inside a *net.OpError with
// both addresses.
func (w *world) expectCall(got result, errno syscall.Errno, op string) {
	w.Helper()
	w.expectError(got.err, errno, op)
	var call *os.SyscallError
	var e *net.OpError
	if !errors.As(got.err, &call) || call.Syscall != op || !errors.As(got.err, &e) || e.Source == nil || e.Addr == nil || got.n != 0 {
		w.Fatalf("got %v (%#v), want no bytes and an *os.SyscallError of %s with both addresses", got, got.err, op)
	}
}
