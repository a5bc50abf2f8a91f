package streamtest

import (
	"io"
	"sync/atomic"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// brokenTransfer is correct except for the functions that are set.
type brokenTransfer struct {
	stream.Transfer
	read    func(p []byte) (int, error)
	write   func(p []byte) (int, error)
	drained func() bool
	want    func(d sys.Direction) bool
	sync    func() bool
	stop    func() bool
	release func() bool
	close   func()
}

func (b *brokenTransfer) TryRead(p []byte) (int, error)  { return b.read(p) }
func (b *brokenTransfer) TryWrite(p []byte) (int, error) { return b.write(p) }
func (b *brokenTransfer) Drained() bool                  { return b.drained() }
func (b *brokenTransfer) Want(d sys.Direction) bool      { return b.want(d) }
func (b *brokenTransfer) Sync() bool                     { return b.sync() }
func (b *brokenTransfer) Stop() bool                     { return b.stop() }
func (b *brokenTransfer) Release() bool                  { return b.release() }
func (b *brokenTransfer) Close()                         { b.close() }

// transferring is a mutant of a target that transfers.
func transferring(name string, change func(f *Fixture), detects string) mutant {
	return mutant{Name: name, Target: changed(name, tasks("poll"+completing, queue.Edge, placings()[0]), change), Detects: detects}
}

func transfers(change func(b *brokenTransfer)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.transfer = func(t stream.Transfer) stream.Transfer {
			b := &brokenTransfer{t, t.TryRead, t.TryWrite, t.Drained, t.Want, t.Sync, t.Stop, t.Release, t.Close}
			change(b)
			return b
		}
	}
}

// drain reads what a transfer has.
func (b *brokenTransfer) drain() {
	for p := make([]byte, 64); ; {
		if _, err := b.Transfer.TryRead(p); err != nil {
			return
		}
	}
}

func transferrerMutants() []mutant {
	return []mutant{
		transferring("a read without room returns the end of a transfer", transfers(func(b *brokenTransfer) {
			b.read = func(p []byte) (int, error) {
				if len(p) == 0 {
					p = make([]byte, 1)
				}
				return b.Transfer.TryRead(p)
			}
		}), "transfer/reads"),
		transferring("a transfer is drained after every read", transfers(func(b *brokenTransfer) {
			b.drained = func() bool { return true }
		}), "transfer/drained"),
		transferring("a transfer wants nothing", transfers(func(b *brokenTransfer) {
			b.want = func(sys.Direction) bool { return false }
		}), "transfer/want"),
		transferring("what was taken is synced later", transfers(func(b *brokenTransfer) {
			b.sync = func() bool { return true }
		}), "transfer/sync"),
		transferring("a transfer does not stop", transfers(func(b *brokenTransfer) {
			b.stop = func() bool { return true }
		}), "transfer/stop"),
		transferring("a transfer stops when it is asked again", transfers(func(b *brokenTransfer) {
			asked := false
			b.stop = func() bool {
				if !asked {
					asked = true
					return false
				}
				return b.Transfer.Stop()
			}
		}), "transfer/stop-sends"),
		transferring("a release drops what is unread", transfers(func(b *brokenTransfer) {
			b.release = func() bool {
				b.drain()
				return b.Transfer.Release()
			}
		}), "transfer/release"),
		transferring("a transfer that has read its end keeps the handle", transfers(func(b *brokenTransfer) {
			ended := false
			b.read = func(p []byte) (int, error) {
				n, err := b.Transfer.TryRead(p)
				ended = ended || err == io.EOF
				return n, err
			}
			b.release = func() bool { return !ended && b.Transfer.Release() }
		}), "transfer/release"),
		transferring("writes follow the end of a transfer", transfers(func(b *brokenTransfer) {
			b.write = func(p []byte) (int, error) {
				n, err := b.Transfer.TryWrite(p)
				if err != nil && err != sys.ErrWouldBlock {
					n, err = len(p), nil
				}
				return n, err
			}
		}), "transfer/close-write"),
		transferring("a closed transfer drops what it has taken", transfers(func(b *brokenTransfer) {
			b.write = func(p []byte) (int, error) {
				if len(p) < smallBuffer {
					return len(p), nil
				}
				return b.Transfer.TryWrite(p)
			}
		}), "transfer/close"),
		transferring("a transfer reads before it closes", transfers(func(b *brokenTransfer) {
			b.close = func() {
				b.drain()
				b.Transfer.Close()
			}
		}), "transfer/close-unread"),
		transferring("a transfer that finds no memory waits", func(f *Fixture) {
			var begun atomic.Int64
			transfers(func(b *brokenTransfer) {
				if begun.Add(1) < scarceConns/2 {
					return
				}
				b.read = func([]byte) (int, error) { return 0, sys.ErrWouldBlock }
			})(f)
		}, "transfer/scarce"),
		transferring("the rest of a read that does not fit is dropped", conns(func(b *brokenConn) {
			b.read = func(p []byte) (int, error) {
				n, err := b.conn.Read(p)
				if n == len(p) && n >= 512 {
					_, _ = b.conn.TryReadv([][]byte{make([]byte, bulkRoom)})
				}
				return n, err
			}
		}), "transfer/bulk"),
		transferring("the halves of a long read change places", conns(func(b *brokenConn) {
			b.read = func(p []byte) (int, error) {
				n, err := b.conn.Read(p)
				if half := n / 2; n >= 512 {
					first := append([]byte(nil), p[:half]...)
					copy(p[copy(p, p[half:n]):], first)
				}
				return n, err
			}
		}), "transfer/bulk"),
		transferring("a connection reads all that there is, unasked", conns(func(b *brokenConn) {
			var all []byte
			b.read = func(p []byte) (int, error) {
				for room := make([]byte, bulkRoom); len(all) < bulkTotal()/bulkConns(); {
					n, err := b.conn.Read(room)
					if all = append(all, room[:n]...); err != nil {
						return 0, err
					}
				}
				n := copy(p, all)
				all = append(all[n:], make([]byte, n)...) // as long as before
				return n, nil
			}
		}), "transfer/bulk"),
		// The other cases of connections report what a broken Transfer does below a Conn.
		transferring("a write after a reset is taken", conns(func(b *brokenConn) {
			b.write = func(p []byte) (int, error) {
				n, err := b.conn.Write(p)
				if sys.ClassOf(err) == sys.ClassDisconnected {
					n, err = len(p), nil
				}
				return n, err
			}
		}), "end/write-after-reset"),
		transferring("a raw read waits for what it has not asked for", conns(func(b *brokenConn) {
			b.raw = func() (syscall.RawConn, error) {
				raw, err := b.conn.SyscallConn()
				return unasked{raw, b.conn}, err
			}
		}), "raw/waits"),
	}
}

// unasked reads the bytes of a connection before a raw read looks for them.
type unasked struct {
	syscall.RawConn
	c conn
}

func (u unasked) Read(f func(fd uintptr) bool) error {
	if err := u.c.WaitRead(); err != nil {
		return err
	}
	_, _ = u.c.TryReadv([][]byte{make([]byte, 64)})
	return u.RawConn.Read(f)
}
