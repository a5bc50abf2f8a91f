package streamtest

import (
	"io"
	"slices"

	"github.com/edgewise-go/edgewise/sys"
)

// brokenLink is correct except for the functions that are set.
type brokenLink struct {
	link
	read   func(p []byte) (int, error)
	readv  func(segs [][]byte) (int, error)
	write  func(p []byte) (int, error)
	writev func(segs [][]byte) (int, error)
	drains func() bool
	close  func() error
}

func (b *brokenLink) TryRead(p []byte) (int, error)        { return b.read(p) }
func (b *brokenLink) TryReadv(segs [][]byte) (int, error)  { return b.readv(segs) }
func (b *brokenLink) TryWrite(p []byte) (int, error)       { return b.write(p) }
func (b *brokenLink) TryWritev(segs [][]byte) (int, error) { return b.writev(segs) }
func (b *brokenLink) Close() error                         { return b.close() }
func (b *brokenLink) ShortReadDrains(r shortReadDrainer) bool {
	if b.drains != nil {
		return b.drains()
	}
	return b.link.ShortReadDrains(r)
}

type shortReadDrainer = interface{ ShortReadDrains() bool }

func brokenLinks(change func(b *brokenLink)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.link = func(l link) link {
			b := &brokenLink{link: l, read: l.TryRead, readv: l.TryReadv, write: l.TryWrite, writev: l.TryWritev, close: l.Close}
			change(b)
			return b
		}
	}
}

func linkMutants(f linkForm) []mutant {
	of := func(name string, change func(b *brokenLink), detects string) mutant {
		return transferring(f.name+": "+name, brokenLinks(change), f.name+"/"+detects)
	}
	return []mutant{
		of("the last segment is read first", func(b *brokenLink) {
			b.readv = func(segs [][]byte) (int, error) {
				segs = slices.Clone(segs)
				slices.Reverse(segs)
				return b.link.TryReadv(segs)
			}
		}, "reads"),
		of("the last segment is written first", func(b *brokenLink) {
			b.writev = func(segs [][]byte) (int, error) {
				segs = slices.Clone(segs)
				slices.Reverse(segs)
				return b.link.TryWritev(segs)
			}
		}, "writes"),
		of("a read of a byte drains", func(b *brokenLink) {
			b.read = func(p []byte) (int, error) { return b.link.TryRead(p[:min(len(p), 1)]) }
			b.drains = func() bool { return true }
		}, "short-read"),
		of("a write after the end is taken", func(b *brokenLink) {
			b.write = func(p []byte) (int, error) {
				n, err := b.link.TryWrite(p)
				if err != nil && err != sys.ErrWouldBlock {
					n, err = len(p), nil
				}
				return n, err
			}
		}, "close-write"),
		of("a second Close succeeds", func(b *brokenLink) {
			b.close = func() error {
				_ = b.link.Close() // its error is what the mutant hides
				return nil
			}
		}, "close"),
		of("what was taken last is dropped", func(b *brokenLink) {
			b.writev = func(segs [][]byte) (int, error) {
				if n := len(segs[0]); n == 10 {
					return n, nil
				}
				return b.link.TryWritev(segs)
			}
		}, "close"),
		of("a reset is read as the end", func(b *brokenLink) {
			b.read = func(p []byte) (int, error) {
				n, err := b.link.TryRead(p)
				if sys.ClassOf(err) == sys.ClassDisconnected {
					err = io.EOF
				}
				return n, err
			}
		}, "reset"),
		of("a read near urgent data loses a byte", func(b *brokenLink) {
			b.read = func(p []byte) (int, error) {
				n, err := b.link.TryRead(p)
				if len(p) == urgentRoom && n > 0 {
					n--
				}
				return n, err
			}
		}, "urgent"),
	}
}
