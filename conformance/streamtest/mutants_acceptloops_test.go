package streamtest

import (
	"os"
	"sync/atomic"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

func acceptLoopsMutants() []mutant {
	return []mutant{
		broken("a batch loses its last connection", listeners(func(b *brokenListener) {
			b.acceptBatch = func(to []stream.Accepted) (int, error) {
				n, err := b.listener.AcceptBatch(to)
				if n > 1 {
					n--
					to[n].Socket.Close()
				}
				return n, err
			}
		}), "accept/batch"),
		broken("a batch has one connection twice", listeners(func(b *brokenListener) {
			b.acceptBatch = func(to []stream.Accepted) (int, error) {
				n, err := b.listener.AcceptBatch(to)
				if n > 1 {
					to[n-1].Peer = to[n-2].Peer
				}
				return n, err
			}
		}), "accept/batch"),
		broken("a child inherits a file that does not block", conns(func(b *brokenConn) {
			b.file = func() (*os.File, error) {
				f, err := b.conn.File()
				if err == nil && sys.SetNonblock(sys.Handle(f.Fd())) != nil {
					return f, errBroken
				}
				return f, err
			}
		}), "file/for-a-child"),
		broken("attempts are counted as connections", listeners(func(b *brokenListener) {
			var calls atomic.Uint64
			b.acceptBatch = func(to []stream.Accepted) (int, error) {
				calls.Add(1)
				return b.listener.AcceptBatch(to)
			}
			b.accepts = func() uint64 { return b.listener.Accepts() + calls.Load() }
		}), "accept/counts"),
		broken("a connection is tied to the listener's Waiter", listeners(func(b *brokenListener) {
			b.acceptOn = func(stream.Waiter) (*stream.Conn, error) {
				c, err := b.listener.Accept()
				if err != nil {
					return nil, err
				}
				return c.(*stream.Conn), nil
			}
		}), "accept/handover"),
		broken("File takes the connection along", conns(func(b *brokenConn) {
			b.file = func() (*os.File, error) {
				f, err := b.conn.File()
				if err == nil {
					b.conn.Close()
				}
				return f, err
			}
		}), "file/duplicate"),
		broken("File is there after Close", conns(func(b *brokenConn) {
			b.file = func() (*os.File, error) {
				f, err := b.conn.File()
				if err != nil {
					err = syscall.EBADF
				}
				return f, err
			}
		}), "file/duplicate"),
	}
}
