package streamtest

import (
	"errors"
	"os"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

func adoptMutants() []mutant {
	return []mutant{
		broken("pairs are not adopted", adoptions(func(h sys.Handle) (stream.Socket, error) {
			if name, err := sys.LocalUnixName(h); err == nil && (name == "" || name == "@") {
				return stream.Socket{}, errBroken
			}
			return stream.Adopt(h)
		}), "adopt/pair"),
		broken("only sockets are adopted", adoptions(func(h sys.Handle) (stream.Socket, error) {
			if kind, err := sys.KindOf(h); err == nil && kind == sys.KindFile {
				return stream.Socket{}, stream.ErrNotPollable
			}
			return stream.Adopt(h)
		}), "adopt/pipe"),
		broken("everything is adopted", adoptions(func(h sys.Handle) (stream.Socket, error) {
			s, err := stream.Adopt(h)
			if err != nil {
				return stream.OpenUnix()
			}
			return s, nil
		}), "adopt/refused"),
		broken("files are not adopted", func(f *Fixture) {
			f.parts.copy = func(c syscall.Conn) (stream.Socket, error) {
				if _, ok := c.(*os.File); ok {
					return stream.Socket{}, errBroken
				}
				return stream.AdoptDuplicate(c)
			}
		}, "adopt/duplicate"),
		broken("a release of a busy connection is none, and does not say so", conns(func(b *brokenConn) {
			b.release = func() (sys.Handle, error) {
				h, err := b.conn.Release()
				if errors.Is(err, stream.ErrBusy) {
					err = nil
				}
				return h, err
			}
		}), "adopt/release"),
		broken("a release of the socket of a busy connection is none, and does not say so", conns(func(b *brokenConn) {
			b.releaseSocket = func() (stream.Socket, error) {
				s, err := b.conn.ReleaseSocket()
				if errors.Is(err, stream.ErrBusy) {
					err = nil
				}
				return s, err
			}
		}), "adopt/release-socket"),
		broken("a raw call is made once", conns(func(b *brokenConn) {
			b.raw = func() (syscall.RawConn, error) {
				r, err := b.conn.SyscallConn()
				return &onceRaw{r}, err
			}
		}), "raw/waits"),
		broken("a raw call has no deadline", conns(func(b *brokenConn) {
			b.raw = func() (syscall.RawConn, error) {
				r, err := b.conn.SyscallConn()
				return &lateRaw{r}, err
			}
		}), "raw/ends"),
	}
}

// onceRaw never repeats a call.
type onceRaw struct{ syscall.RawConn }

func (r *onceRaw) Read(f func(fd uintptr) bool) error {
	return r.RawConn.Read(func(fd uintptr) bool {
		f(fd)
		return true
	})
}

// lateRaw returns no timeout.
type lateRaw struct{ syscall.RawConn }

func (r *lateRaw) Read(f func(fd uintptr) bool) error {
	err := r.RawConn.Read(f)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// adoptions changes how handles are adopted.
func adoptions(adopt func(h sys.Handle) (stream.Socket, error)) func(f *Fixture) {
	return func(f *Fixture) { f.parts.adopt = adopt }
}
