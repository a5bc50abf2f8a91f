package streamtest

import (
	"bytes"
	"errors"
	"io"
	"net"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// segmentCount is more segments than one system call gets.
const segmentCount = 3*sys.MaxSegments + 5

func socketCases() []Case {
	return []Case{
		{
			ID: "socket/would-block", Doc: "stream",
			Rule: "A Try operation that cannot progress returns sys.ErrWouldBlock and no bytes.",
			Run: in(func(w *world) {
				s, _ := w.tried()
				if n, err := s.TryRead(make([]byte, 8)); n != 0 || err != sys.ErrWouldBlock {
					w.Errorf("TryRead without data: %d, %v", n, err)
				}
				if n, err := s.TryReadv([][]byte{make([]byte, 8), make([]byte, 8)}); n != 0 || err != sys.ErrWouldBlock {
					w.Errorf("TryReadv without data: %d, %v", n, err)
				}
				big := make([]byte, 1<<20)
				for range 1 << 10 {
					n, err := s.TryWrite(big)
					if err == sys.ErrWouldBlock && n == 0 {
						if n, err = s.TryWritev([][]byte{big, big}); n == 0 && err == sys.ErrWouldBlock {
							return
						}
					}
					w.check(err, "write until the kernel is full")
				}
				w.Errorf("the kernel took %d MiB that the peer does not read", 1<<10)
			}),
		},
		{
			ID: "socket/partial", Doc: "stream.Socket.TryWrite",
			Rule: "TryWrite and TryWritev return how many bytes the kernel took. Exactly those bytes arrive.",
			Run: in(func(w *world) {
				raw, peer := w.connected()
				w.check(raw.SetWriteBuffer(smallBuffer), "write buffer")
				s := w.f.parts.newSocket(&raw)
				w.own(s)
				data := w.random(bulk)
				sent := 0
				for {
					next := data[sent:]
					n, err := s.TryWritev([][]byte{next[:min(10, len(next))], nil, next[min(10, len(next)):]})
					sent += n
					if err != nil || sent == len(data) {
						break
					}
				}
				w.check(s.CloseWrite(), "close write")
				got, err := io.ReadAll(w.from(peer))
				w.check(err, "peer's read")
				if !bytes.Equal(got, data[:sent]) {
					w.Errorf("%d bytes were counted as written, and %d others arrived", sent, len(got))
				}
			}),
		},
		{
			ID: "socket/end", Doc: "stream.Socket.TryRead",
			Rule: "TryRead and TryReadv return io.EOF itself at the end of the stream, after all bytes, and 0, nil without room.",
			Run: in(func(w *world) {
				s, peer := w.tried()
				_, err := peer.Write([]byte("abc"))
				w.check(err, "peer's write")
				w.check(peer.CloseWrite(), "peer's close")
				w.ready(s.Handle(), sys.PollIn)
				if n, err := s.TryRead(nil); n != 0 || err != nil {
					w.Errorf("TryRead without room: %d, %v", n, err)
				}
				p := make([]byte, 8)
				got := 0
				for got < 3 {
					n, err := s.TryReadv([][]byte{p[got : got+1], nil, p[got+1:]})
					w.check(err, "read")
					got += n
				}
				for range 1000 {
					n, err := s.TryRead(p)
					if err == sys.ErrWouldBlock {
						w.ready(s.Handle(), sys.PollIn)
						continue
					}
					if n != 0 || err != io.EOF {
						w.Fatalf("TryRead at the end: %d, %v", n, err)
					}
					break
				}
				if n, err := s.TryReadv([][]byte{p}); n != 0 || err != io.EOF {
					w.Errorf("TryReadv at the end: %d, %v", n, err)
				}
			}),
		},
		{
			ID: "socket/closed", Doc: "stream.Socket",
			Rule: "After Close, every operation returns net.ErrClosed, and Handle returns sys.Invalid.",
			Run: in(func(w *world) {
				s, _ := w.tried()
				w.check(s.Close(), "close")
				p := make([]byte, 1)
				segs := [][]byte{p}
				for what, f := range map[string]func() error{
					"TryRead":      func() error { _, err := s.TryRead(p); return err },
					"TryWrite":     func() error { _, err := s.TryWrite(p); return err },
					"TryReadv":     func() error { _, err := s.TryReadv(segs); return err },
					"TryWritev":    func() error { _, err := s.TryWritev(segs); return err },
					"StartConnect": func() error { return s.StartConnect(loopback) },
					"CloseWrite":   s.CloseWrite,
					"Close":        s.Close,
				} {
					if err := f(); !errors.Is(err, net.ErrClosed) {
						w.Errorf("%s after Close: %v, want net.ErrClosed", what, err)
					}
				}
				if h := s.Handle(); h != sys.Invalid {
					w.Errorf("Handle after Close: %v", h)
				}
			}),
		},
		{
			ID: "socket/adopted", Doc: "stream.Adopt",
			Rule:   "An adopted handle is non-blocking, whatever it was before.",
			Source: "a blocking socket from elsewhere that stops the loop",
			Needs:  []Feature{NonblockFlag},
			Run: in(func(w *world) {
				raw, _ := w.connected()
				w.check(unblock(raw.Handle()), "make blocking")
				adopted, err := stream.Adopt(raw.Handle())
				if err != nil {
					raw.Close()
					w.Fatalf("adopt: %v", err)
				}
				s := w.f.parts.newSocket(&adopted)
				w.own(s)
				if _, err := s.TryRead(make([]byte, 1)); err != sys.ErrWouldBlock {
					w.Errorf("TryRead without data: %v", err)
				}
				if ok, err := sys.IsNonblock(s.Handle()); !ok || err != nil {
					w.Errorf("the adopted handle is not non-blocking (%v)", err)
				}
			}),
			Refused: in(notAdopted),
		},
	}
}

// tried returns a socket under test and its peer.
func (w *world) tried() (socket, *net.TCPConn) {
	w.Helper()
	raw, peer := w.connected()
	s := w.f.parts.newSocket(&raw)
	w.own(s)
	return s, peer
}
