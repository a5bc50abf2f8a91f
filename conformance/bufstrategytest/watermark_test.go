package bufstrategytest

import (
	"slices"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// watched is a good buffer whose Watcher is called through tell.
func watched(tell func(w bufstrategy.Watcher, b bufstrategy.Buffer, paused bool)) Target {
	return withOptions(func(c Options) Options {
		if w := c.Watcher; w != nil {
			c.Watcher = bufstrategy.WatcherFunc(func(b bufstrategy.Buffer, paused bool) { tell(w, b, paused) })
		}
		return c
	}, func(bufstrategy.Buffer, Options) fault { return fault{} })
}

// unwatched is a good buffer without a Watcher, and a fault that must call it. It does not see a
// MoveFrom.
func unwatched(faultOf func(b bufstrategy.Buffer, c Options) fault) Target {
	target := withOptions(func(c Options) Options { c.Watcher = nil; return c }, func(b bufstrategy.Buffer, c Options) fault {
		if c.Watcher == nil {
			return fault{}
		}
		return faultOf(b, c)
	})
	target.Features = slices.DeleteFunc(target.Features, func(f Feature) bool { return f == HandsOver })
	return target
}

func watermarkMutants() []mutant {
	early := unwatched(func(b bufstrategy.Buffer, c Options) fault {
		return fault{
			commit: func(n int) {
				if !b.Paused() && b.Len()+n >= c.High {
					c.Watcher.Crossed(b, true)
				}
				b.Commit(n)
			},
			discard: func(n int) {
				if b.Paused() && b.Len()-n <= c.Low {
					c.Watcher.Crossed(b, false)
				}
				b.Discard(n)
			},
			release: func() {
				if b.Paused() {
					c.Watcher.Crossed(b, false)
				}
				b.Release()
			},
		}
	})
	silentRelease := unwatched(func(b bufstrategy.Buffer, c Options) fault {
		told := false
		step := func() {
			if p := b.Paused(); p != told {
				told = p
				c.Watcher.Crossed(b, p)
			}
		}
		return fault{
			commit:  func(n int) { b.Commit(n); step() },
			discard: func(n int) { b.Discard(n); step() },
			release: func() { b.Release(); told = false },
		}
	})
	return []mutant{
		seen("each call above the watermark calls", unwatched(func(b bufstrategy.Buffer, c Options) fault {
			return fault{
				commit: func(n int) {
					b.Commit(n)
					if b.Paused() {
						c.Watcher.Crossed(b, true)
					}
				},
				discard: func(n int) {
					was := b.Paused()
					b.Discard(n)
					if was && !b.Paused() {
						c.Watcher.Crossed(b, false)
					}
				},
				release: func() {
					was := b.Paused()
					b.Release()
					if was {
						c.Watcher.Crossed(b, false)
					}
				},
			}
		}), "watermark/one-call-a-crossing"),
		seen("nobody is told that the buffer has fallen", watched(func(w bufstrategy.Watcher, b bufstrategy.Buffer, paused bool) {
			if paused {
				w.Crossed(b, paused)
			}
		}), "watermark/one-call-a-crossing"),
		seen("crossings are told before", early, "watermark/state-in-call"),
		seen("release tells nobody", silentRelease, "watermark/release"),
		seen("a handover tells one side before the other has changed", halfMoved(), "watermark/handover"),
	}
}

// halfMoved moves bytes in two steps, of which the first calls the Watcher.
func halfMoved() Target {
	target := pooled(256)
	open := target.Open
	target.Open = func(t T) (*Fixture, error) {
		f, err := open(t)
		if err != nil {
			return nil, err
		}
		f.Move = func(dst, src bufstrategy.Buffer) int {
			n := 0
			for _, s := range src.Segments() {
				n += len(s)
				rest := s
				for len(rest) > 0 {
					rest = rest[putOnce(dst, rest):]
				}
			}
			src.Discard(n)
			return n
		}
		return f, nil
	}
	return target
}
