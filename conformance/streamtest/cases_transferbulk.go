package streamtest

import (
	"fmt"
	"io"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
)

const (
	bulkRoom = 4 << 10 // of the longest read
	// bulkAheadMax is the most that a peer sends before it is read: 4 MiB, the memory of a
	// mechanism for the bytes of all connections, and what small buffers of two sockets hold.
	// Kernels exceed the bounds of those several times.
	bulkAheadMax = 6 << 20
)

// bulkTotal returns the number of bytes that all connections together receive. Each receives more
// than bulkAheadMax.
func bulkTotal() int { return suite.Extent(14<<20, 64<<20) }

// bulkConns returns the number of connections.
func bulkConns() int { return suite.Extent(2, 4) }

// bulkAt is the byte at a position of a connection.
func bulkAt(number, at int) byte {
	x := uint32(at)*2654435761 + uint32(number)*40503
	return byte(x>>24) ^ byte(x>>13)
}

// transferBulk reads connections one after the other, so that the peers of the rest are held up.
// Each connection is read in parts, between which all others are.
func transferBulk(w *world) {
	const parts = 4
	conns := bulkConns()
	goal := bulkTotal() / conns
	type reading struct {
		c         conn
		got       int
		sent      atomic.Int64 // by the peer
		ended     chan error
		mostAhead int
	}
	all := make([]*reading, conns)
	for i := range all {
		s, peer := w.connected()
		w.check(s.SetReadBuffer(smallBuffer), "read buffer")
		w.check(peer.SetWriteBuffer(smallBuffer), "peer's write buffer")
		c, err := w.f.parts.newConn(s, w.spy)
		w.check(err, "new connection")
		w.own(c)
		r := &reading{c: c, ended: make(chan error, 1)}
		all[i] = r
		go func() {
			p := make([]byte, 16<<10)
			for at := 0; at < goal; {
				p := p[:min(len(p), goal-at)]
				for j := range p {
					p[j] = bulkAt(i, at+j)
				}
				n, err := peer.Write(p)
				if at += n; err != nil {
					r.ended <- err
					return
				}
				r.sent.Store(int64(at))
			}
			r.ended <- peer.CloseWrite()
		}()
	}
	for part := 1; part <= parts; part++ {
		for i, r := range all {
			end := goal / parts * part
			w.check(call(w, "reads of a part", func() error {
				p := make([]byte, bulkRoom)
				for size := 512; r.got < end; size = size%bulkRoom + 512 {
					r.mostAhead = max(r.mostAhead, int(r.sent.Load())-r.got)
					n, err := r.c.Read(p[:min(size, end-r.got)])
					if err != nil {
						return fmt.Errorf("after %d of %d bytes: %w", r.got, goal, err)
					}
					for j, b := range p[:n] {
						if want := bulkAt(i, r.got+j); b != want {
							return fmt.Errorf("byte %d is %#x, want %#x", r.got+j, b, want)
						}
					}
					r.got += n
				}
				return nil
			}).get(), fmt.Sprintf("connection %d", i))
		}
	}
	most := 0
	for i, r := range all {
		if got := w.read(r.c, 1).get(); got.n != 0 || got.err != io.EOF {
			w.Errorf("connection %d: %v, want the end", i, got)
		}
		w.check(await(w, "peer's writes", r.ended), "peer's writes")
		most = max(most, r.mostAhead)
	}
	w.Logf("%d bytes at %d connections; a peer was at most %d bytes ahead", goal*conns, conns, most)
	if most > bulkAheadMax {
		w.Errorf("a peer has sent %d bytes that were not read, want %d at most", most, bulkAheadMax)
	}
}
