package streamtest

import (
	"errors"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/sys"
)

// asking changes when the operations of the cases about shares call YieldIfSpent.
func asking(change func(ask func() error) func() error) func(f *Fixture) {
	return func(f *Fixture) { f.parts.yield = change }
}

func shareMutants() []mutant {
	return []mutant{
		broken("nobody asks for his share", asking(func(func() error) func() error {
			return func() error { return nil }
		}), "share/each-part-of-a-file"),
		broken("asks for the share once a connection", asking(func(ask func() error) func() error {
			var asked atomic.Bool
			return func() error {
				if asked.Swap(true) {
					return nil
				}
				return ask()
			}
		}), "share/each-part-of-a-file"),
		broken("a long write asks for the share once", conns(func(b *brokenConn) {
			b.write = func(p []byte) (int, error) {
				if len(p) < bulk {
					return b.conn.Write(p)
				}
				written, err := b.conn.Write(p[:1])
				for written < len(p) && err == nil {
					var n int
					n, err = b.conn.TryWritev([][]byte{p[written:]})
					written += n
					if err == sys.ErrWouldBlock {
						err = b.conn.WaitWrite()
					}
				}
				return written, err
			}
		}), "share/each-part"),
		broken("the error of a share is overlooked", asking(func(ask func() error) func() error {
			return func() error {
				_ = ask()
				return nil
			}
		}), "share/canceled"),
		broken("a read that ends for its share takes the bytes", conns(func(b *brokenConn) {
			b.read = func(p []byte) (int, error) {
				n, err := b.conn.Read(p)
				if errors.Is(err, errSpent) {
					_, _ = b.conn.TryReadv([][]byte{p})
				}
				return n, err
			}
		}), "share/canceled"),
	}
}
