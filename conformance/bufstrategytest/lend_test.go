package bufstrategytest

import (
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

// kernelTarget is a target of Kernels with segments of the given size besides the lent ones.
func kernelTarget(segment int) Target {
	target := pooled(segment)
	target.Name = "kernel"
	target.Features = append(target.Features, Lends)
	open := target.Open
	target.Open = func(t T) (*Fixture, error) {
		f, err := open(t)
		if err != nil {
			return nil, err
		}
		pool, err := memory.NewPool(poolBytes, poolBytes/2)
		if err != nil {
			return nil, err
		}
		f.New = func(c Options) (bufstrategy.Buffer, error) {
			o := options(c)
			o.Pool, o.Segment, o.Lender, o.MaxLent = pool, segment, c.Lender, c.MaxLent
			if c.Budget != nil {
				o.Pool = nil
			}
			return bufstrategy.ByName("kernel", o)
		}
		f.Exhaust = func() func() { return hog(pool) }
		f.Move = func(dst, src bufstrategy.Buffer) int {
			return kernelOf(dst).MoveFrom(&kernelOf(src).Chain)
		}
		f.Lend = func(b bufstrategy.Buffer, p []byte, id uint32) bool { return kernelOf(b).Lend(p, id) }
		return f, nil
	}
	return target
}

func kernelOf(b bufstrategy.Buffer) *bufstrategy.Kernel { return unbroken(b).(*bufstrategy.Kernel) }

func TestKernel(t *testing.T) { Run(t, onSockets(kernelTarget(512))) }

// lentWrong is a Kernel with a changed fixture.
func lentWrong(change func(f *Fixture)) Target {
	target := kernelTarget(256)
	open := target.Open
	target.Open = func(t T) (*Fixture, error) {
		f, err := open(t)
		if err == nil {
			change(f)
		}
		return f, err
	}
	return target
}

// returning is a Lender that is called through f.
type returning func(id uint32)

func (f returning) Return(id uint32) { f(id) }

// returned makes Kernels whose Lender is called through how.
func returned(how func(l bufstrategy.Lender, id uint32)) Target {
	return lentWrong(func(f *Fixture) {
		good := f.New
		f.New = func(c Options) (bufstrategy.Buffer, error) {
			if l := c.Lender; l != nil {
				c.Lender = returning(func(id uint32) { how(l, id) })
			}
			return good(c)
		}
	})
}

func lendMutants() []mutant {
	return []mutant{
		seen("segments come back twice", returned(func(l bufstrategy.Lender, id uint32) { l.Return(id); l.Return(id) }),
			"lend/refused-at-the-bound"),
		seen("the first segment never comes back", returned(func(l bufstrategy.Lender, id uint32) {
			if id > 0 {
				l.Return(id)
			}
		}), "lend/returned-once"),
		seen("segments come back when they are taken", lentWrong(func(f *Fixture) {
			lend, open := f.Lend, f.New
			lenders := map[bufstrategy.Buffer]bufstrategy.Lender{}
			f.New = func(c Options) (bufstrategy.Buffer, error) {
				l := c.Lender
				if l != nil {
					c.Lender = returning(func(uint32) {})
				}
				b, err := open(c)
				lenders[b] = l
				return b, err
			}
			f.Lend = func(b bufstrategy.Buffer, p []byte, id uint32) bool {
				ok := lend(b, p, id)
				if ok && lenders[b] != nil {
					lenders[b].Return(id)
				}
				return ok
			}
		}), "lend/refused-at-the-bound"),
		seen("a lent segment is copied", lentWrong(func(f *Fixture) {
			f.New = copying(f.New)
		}), "lend/not-while-unread"),
		seen("lent segments come before others", lentWrong(func(f *Fixture) {
			lend := f.Lend
			f.Lend = func(b bufstrategy.Buffer, p []byte, id uint32) bool {
				ok := lend(b, p, id)
				if segs := b.Segments(); ok && len(segs) > 1 {
					last, before := segs[len(segs)-1], segs[len(segs)-2]
					last[0], before[0] = before[0], last[0]
				}
				return ok
			}
		}), "lend/in-order"),
		seen("one segment more than MaxLent", lentWrong(func(f *Fixture) {
			good := f.New
			f.New = func(c Options) (bufstrategy.Buffer, error) {
				if c.MaxLent > 0 {
					c.MaxLent++
				}
				return good(c)
			}
		}), "lend/refused-at-the-bound"),
		seen("a handover returns what it moves", lentWrong(func(f *Fixture) {
			f.Move = func(dst, src bufstrategy.Buffer) int {
				n := src.Len()
				for _, s := range src.Segments() {
					for len(s) > 0 {
						s = s[putOnce(dst, s):]
					}
				}
				src.Discard(n)
				return n
			}
		}), "lend/handover"),
	}
}

// copying makes buffers that count a copy whenever they are read.
func copying(good func(Options) (bufstrategy.Buffer, error)) func(Options) (bufstrategy.Buffer, error) {
	return func(c Options) (bufstrategy.Buffer, error) {
		b, err := good(c)
		if err != nil || c.Lender == nil {
			return b, err
		}
		var copied uint64
		return &broken{b, fault{
			segments: func() [][]byte { copied += uint64(b.Len()); return b.Segments() },
			stats: func() bufstrategy.Stats {
				s := b.Stats()
				s.Copied += copied
				return s
			},
		}}, nil
	}
}
