package streamtest

import (
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sys"
)

// spinsMax bounds the waits of a suspended writer while nothing happens. A few spurious ones are
// legal. Meanwhile the case serves another connection turnsBeside times.
const (
	spinsMax    = 50
	turnsBeside = 10
)

func endBothCases() []Case {
	return []Case{
		{
			ID: "end/reset-both", Doc: "stream.Conn",
			Rule:   "A reset ends both a suspended reader and a suspended writer. One of them gets ECONNRESET, the other an error or the end.",
			Source: "a hang-up whose event reaches only one direction",
			Run: in(func(w *world) {
				c, peer := w.pair()
				w.small(c)
				reads, writes := w.waits(sys.Readable), w.waits(sys.Writable)
				reader := w.read(c, 64)
				writer := w.write(c, make([]byte, 2*bulk))
				w.waiting(sys.Readable, reads)
				w.waiting(sys.Writable, writes)
				reset(w, peer)
				r, wrote := reader.get(), writer.get()
				if r.n != 0 || r.err == nil || wrote.err == nil || wrote.n == 2*bulk {
					w.Errorf("read: %v, write: %v, want errors", r, wrote)
				}
				if !errors.Is(r.err, syscall.ECONNRESET) && !errors.Is(wrote.err, syscall.ECONNRESET) {
					w.Errorf("neither call returned the reset: read %v, write %v", r.err, wrote.err)
				}
				for _, err := range []error{r.err, wrote.err} {
					if errors.Is(err, net.ErrClosed) {
						w.Errorf("a reset was mistaken for a Close: %v", err)
					}
				}
			}),
		},
		{
			ID: "end/half-idle", Doc: "stream.Conn.Write",
			Rule:   "After the peer's end, a writer waits as before. It sends everything when the peer reads, and does not spin while the peer does not.",
			Source: "level-triggered hang-ups that wake a writer again and again",
			Run: in(func(w *world) {
				c, peer := w.pair()
				w.small(c)
				w.check(peer.CloseWrite(), "peer's close")
				w.expectEOF(c)
				data := w.random(2 * bulk)
				other, otherPeer := w.pair()
				n := w.waits(sys.Writable)
				p := w.write(c, data)
				w.waiting(sys.Writable, n)
				// Anything that wakes the writer does so while another connection is served. A
				// writer that makes no waits may lack a processor, so it must be suspended before
				// and after that. The number of spurious wakes is bounded.
				suite.Until(w, "the writer stays in its wait", func() bool {
					before := w.waits(sys.Writable)
					if before > n+spinsMax {
						w.Fatalf("a writer made more than %d waits while the peer did not read", spinsMax)
					}
					suspended := p.suspended(sys.Writable)
					for range turnsBeside {
						w.greeted(other, otherPeer)
					}
					return suspended && p.suspended(sys.Writable) && w.waits(sys.Writable) == before
				})
				w.arrives(peer, data)
				if r := p.get(); r.n != len(data) || r.err != nil {
					w.Errorf("write: %v", r)
				}
				w.check(c.CloseWrite(), "close write")
				if n, err := w.from(peer).Read(make([]byte, 1)); n != 0 || err != io.EOF {
					w.Errorf("peer's read at the end: %d, %v", n, err)
				}
			}),
		},
	}
}
