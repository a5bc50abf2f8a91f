package streamtest

import (
	"io"
	"sync/atomic"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// last makes a short read of size bytes, on a connection of network, end the stream.
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

// unguarded repeats operation itself while it would block, and waits in between.
func unguarded(raw func() (syscall.RawConn, error), wait func(syscall.RawConn, func(uintptr) bool) error,
	operation func(h sys.Handle) (int, error)) (n int, err error) {
	r, err := raw()
	if err != nil {
		return 0, err
	}
	waiting := wait(r, func(fd uintptr) bool {
		n, err = operation(sys.Handle(fd))
		return err != sys.ErrWouldBlock
	})
	if waiting != nil {
		return 0, waiting
	}
	return n, err
}

func urgentMutants() []mutant {
	return []mutant{
		broken("a short read of TCP is the last", last(urgentRoom, func(n string) bool { return n == "tcp" }), "urgent/read"),
		broken("a copy ends with a short read", shortCopies, "urgent/copy"),
		broken("a copy to the end ends with a short read", shortCopies, "urgent/copy-end"),
	}
}

// shortCopies makes a copy from another connection end with the first short read.
func shortCopies(f *Fixture) {
	copies(func(b *brokenConn, r io.Reader) (int64, error) {
		from, ok := r.(*brokenConn)
		if !ok {
			return b.conn.ReadFrom(r)
		}
		p := make([]byte, urgentRoom)
		for total := int64(0); ; {
			n, err := from.conn.Read(p)
			if err == io.EOF {
				return total, nil
			}
			if err == nil {
				_, err = b.conn.Write(p[:n])
			}
			total += int64(n)
			if err != nil || n < len(p) {
				return total, err
			}
		}
	})(f)
}
