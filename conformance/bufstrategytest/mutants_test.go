package bufstrategytest

import (
	"errors"
	"slices"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/conformance/internal/suite"
)

type mutant = suite.Mutant[*Fixture]

func TestEveryCaseCanFail(t *testing.T) {
	mutants := slices.Concat(spaceMutants(), consumeMutants(), lifetimeMutants(), statsMutants(), watermarkMutants(),
		budgetMutants(), lendMutants(), fillMutants(), flushMutants(), restMutants(), parserMutants())
	suite.Prove(t, suite.Proof[*Fixture]{Cases: Cases(), Mutants: mutants, Controls: oddities(), Detections: "testdata/detections.txt"})
}

// seen is a mutant that the cases in detects must report.
func seen(name string, target Target, detects string) mutant {
	return mutant{Name: name, Target: target, Detects: detects}
}

func spaceMutants() []mutant {
	return []mutant{
		seen("space stops one byte early", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{space: func() [][]byte {
				if s := b.Space(); b.Len() < b.Limit()-1 {
					return s
				}
				return nil
			}}
		}),
			"space/empty-only-at-limit"),
		seen("space has an empty segment", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{space: func() [][]byte { return append(slices.Clone(b.Space()), nil) }}
		}),
			"space/within-limit"),
		seen("space goes beyond the limit", withOptions(func(c Options) Options { c.Limit++; return c },
			func(b bufstrategy.Buffer, _ Options) fault {
				return fault{limit: func() int { return b.Limit() - 1 }}
			}),
			"space/empty-only-at-limit"),
		seen("space leaves capacity", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{space: func() [][]byte {
				s := b.Space()
				if n := len(s); n > 0 && len(s[n-1]) > 1 {
					s[n-1] = s[n-1][:len(s[n-1])-1]
				}
				return s
			}}
		}),
			"space/capacity-clipped"),
		seen("space damages a byte", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{space: func() [][]byte {
				if b.Len() > 600 && b.Len() < b.Limit() {
					flip(b, b.Len()/2)
				}
				return b.Space()
			}}
		}),
			"segments/all-in-order"),
		seen("a shortened space is lost", with(func(b bufstrategy.Buffer, _ Options) fault {
			var out [][]byte
			whole := 0
			return fault{
				space: func() [][]byte { out = b.Space(); whole = sum(out); return out },
				commit: func(n int) {
					if sum(out) < whole {
						n = 0
					}
					b.Commit(n)
				},
			}
		}),
			"space/may-be-shortened"),
		seen("space is in reverse", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{space: func() [][]byte {
				s := b.Space()
				slices.Reverse(s)
				return s
			}}
		}),
			"space/may-be-shortened"),
		seen("commit of zero commits", with(func(b bufstrategy.Buffer, _ Options) fault {
			out := 0
			return fault{
				space: func() [][]byte { s := b.Space(); out = sum(s); return s },
				commit: func(n int) {
					if n == 0 {
						n = min(out, 1)
					}
					b.Commit(n)
					out = 0
				},
			}
		}),
			"commit/zero"),
		seen("commit takes less than it is told", with(func(b bufstrategy.Buffer, _ Options) fault {
			out := 0
			return fault{
				space:  func() [][]byte { s := b.Space(); out = sum(s); return s },
				commit: func(n int) { b.Commit(max(0, min(n, out))) },
			}
		}), "commit/too-much-panics"),
		seen("commit at any time", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{commit: func(n int) {
				defer func() {
					// The good buffer has ended the space: nothing is committed, and no error is
					// reported.
					if v := recover(); v != nil && (n != 1 || b.Len() == 0 && b.Limit() != 100) {
						panic(v)
					}
				}()
				b.Commit(n)
			}}
		}), "commit/only-after-space"),
		seen("limit is not reached", withOptions(func(c Options) Options {
			c.Limit, c.High, c.Low = max(1, c.Limit/2), 0, 0
			return c
		}, func(b bufstrategy.Buffer, c Options) fault { return fault{} }),
			"space/keeps-unread"),
		seen("limit shrinks", with(func(b bufstrategy.Buffer, c Options) fault {
			less := 0
			return fault{
				limit:   func() int { return b.Limit() - less },
				release: func() { b.Release(); less = min(1, b.Limit()-1) },
			}
		}),
			"limit/reached-and-kept"),
	}
}

func consumeMutants() []mutant {
	return []mutant{
		seen("segments are the first only", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{segments: func() [][]byte { s := b.Segments(); return s[:min(1, len(s))] }}
		}),
			"commit/in-order"),
		seen("segments have an empty one", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{segments: func() [][]byte { return append(slices.Clone(b.Segments()), nil) }}
		}),
			"segments/none-empty"),
		seen("segments leave capacity", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{segments: func() [][]byte {
				var split [][]byte
				for _, s := range b.Segments() {
					split = append(split, s[:(len(s)+1)/2])
					if len(s) > 1 {
						split = append(split, s[(len(s)+1)/2:])
					}
				}
				return split
			}}
		}), "segments/capacity-clipped"),
		seen("discard takes the wrong end", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{discard: func(n int) {
				rest := b.Len() - n
				var all []byte
				if n > 0 && rest > 0 {
					all = join(b.Segments())
				}
				b.Discard(n)
				for i, s := 0, b.Segments(); i < len(s) && all != nil; i++ {
					all = all[copy(s[i], all):]
				}
			}}
		}),
			"commit/zero"),
		seen("discard of too much", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{discard: func(n int) { b.Discard(min(max(n, 0), b.Len())) }}
		}), "discard/too-much-panics"),
		seen("paused above the low watermark only", with(func(b bufstrategy.Buffer, c Options) fault {
			high := newModel(b, c).high
			return fault{paused: func() bool { return b.Len() >= high }}
		}),
			"model/random"),
		seen("never paused", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{paused: func() bool { return false }}
		}),
			"paused/between-watermarks"),
		seen("view ends with the segment", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{view: func(n int) ([]byte, error) {
				if s := b.Segments(); n > 0 && len(s) > 0 && n > len(s[0]) && n <= b.Len() {
					return nil, bufstrategy.ErrShort
				}
				return b.View(n)
			}}
		}),
			"view/first-bytes"),
		seen("view damages what comes next", with(func(b bufstrategy.Buffer, _ Options) fault {
			pulled := false
			return fault{
				view: func(n int) ([]byte, error) {
					before := b.Stats().Copied
					v, err := b.View(n)
					pulled = b.Stats().Copied > before
					return v, err
				},
				commit: func(n int) {
					b.Commit(n)
					if pulled && n > 0 {
						flip(b, b.Len()-1)
						pulled = false
					}
				},
			}
		}),
			"view/then-more"),
		seen("view of short is too large", with(viewError(bufstrategy.ErrShort, bufstrategy.ErrTooLarge)),
			"view/short"),
		seen("view of too large is short", with(viewError(bufstrategy.ErrTooLarge, bufstrategy.ErrShort)),
			"view/too-large"),
		seen("view of a negative count", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{view: func(n int) ([]byte, error) { return b.View(max(n, 0)) }}
		}), "view/negative-panics"),
		seen("view copies every time", with(func(b bufstrategy.Buffer, _ Options) fault {
			var copied uint64
			return fault{
				view: func(n int) ([]byte, error) { copied += uint64(n); return b.View(n) },
				stats: func() bufstrategy.Stats {
					s := b.Stats()
					s.Copied += copied
					return s
				},
			}
		}), "view/copies-once"),
		seen("a ring that claims to be contiguous", byName("ring", Copyless, Contiguous), "view/contiguous"),
		seen("view leaves capacity", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{view: func(n int) ([]byte, error) {
				if n < 0 || n >= b.Len() {
					return b.View(n)
				}
				v, err := b.View(n + 1)
				return v[:n], err
			}}
		}),
			"view/capacity-clipped"),
	}
}

func viewError(from, to error) func(b bufstrategy.Buffer, _ Options) fault {
	return func(b bufstrategy.Buffer, _ Options) fault {
		return fault{view: func(n int) ([]byte, error) {
			v, err := b.View(n)
			if errors.Is(err, from) {
				err = to
			}
			return v, err
		}}
	}
}
