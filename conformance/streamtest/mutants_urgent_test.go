package streamtest

import (
	"io"
	"sync/atomic"
)

// last makes a read of size bytes, of a connection of network, end the stream if it is short.
func last(size int, network func(string) bool) func(f *Fixture) {
	return conns(func(b *brokenConn) {
		var over atomic.Bool
		b.read = func(p []byte) (int, error) {
			if len(p) != size || !network(b.conn.LocalAddr().Network()) {
				return b.conn.Read(p)
			}
			if over.Load() {
				return 0, io.EOF
			}
			n, err := b.conn.Read(p)
			over.Store(n < len(p))
			return n, err
		}
	})
}

func urgentMutants() []mutant {
	return []mutant{
		broken("a short read of TCP is the last", last(urgentRoom, func(n string) bool { return n == "tcp" }), "urgent/read"),
	}
}
