package bufstrategytest

import (
	"slices"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/conformance/internal/suite"
)

func TestEveryCaseOfTheParsersHasBeenSeenToFail(t *testing.T) {
	suite.Prove(t, parserCases(), parserMutants(), oddities())
}

func parserMutants() []mutant {
	return []mutant{
		seen("release resets what was moved", with(func(b bufstrategy.Buffer, _ Config) fault {
			var lost uint64
			return fault{
				release: func() { lost += uint64(b.Len()); b.Release() },
				stats: func() bufstrategy.Stats {
					s := b.Stats()
					s.Moved -= lost
					return s
				},
			}
		}), "stats/consumed"),
		seen("segments are the first only", with(func(b bufstrategy.Buffer, _ Config) fault {
			return fault{segments: func() [][]byte { s := b.Segments(); return s[:min(1, len(s))] }}
		}),
			"index/across-segments", "message/any-pieces", "message/find-takes-nothing", "wait-reader/as-bufio"),
		seen("segments change places", with(func(b bufstrategy.Buffer, _ Config) fault {
			return fault{segments: func() [][]byte {
				s := b.Segments()
				if n := len(s); n > 2 {
					s[1], s[2] = s[2], s[1]
				}
				return s
			}}
		}),
			"index/across-segments", "message/find-takes-nothing", "wait-reader/as-bufio"),
		seen("view ends with the segment", with(func(b bufstrategy.Buffer, _ Config) fault {
			return fault{view: func(n int) ([]byte, error) {
				if s := b.Segments(); n > 0 && len(s) > 0 && n > len(s[0]) && n <= b.Len() {
					return nil, bufstrategy.ErrShort
				}
				return b.View(n)
			}}
		}),
			"message/any-pieces", "wait-reader/as-bufio"),
		seen("segments are made one", with(func(b bufstrategy.Buffer, _ Config) fault {
			return fault{segments: func() [][]byte {
				_, _ = b.View(b.Len())
				return b.Segments()
			}}
		}),
			"message/find-takes-nothing"),
		seen("limit is more than fits", with(func(b bufstrategy.Buffer, _ Config) fault {
			return fault{limit: func() int { return b.Limit() + 1 }}
		}),
			"message/never-short-at-limit", "wait-reader/as-bufio", "wait-writer/waits-at-limit"),
		seen("discard takes one less", with(func(b bufstrategy.Buffer, _ Config) fault {
			return fault{discard: func(n int) {
				if n > 300 {
					n--
				}
				b.Discard(n)
			}}
		}),
			"message/any-pieces", "message/find-takes-nothing", "stats/consumed", "wait-reader/as-bufio"),
		seen("space is in reverse", with(func(b bufstrategy.Buffer, _ Config) fault {
			return fault{space: func() [][]byte {
				s := b.Space()
				slices.Reverse(s)
				return s
			}}
		}),
			"message/any-pieces", "message/find-takes-nothing", "wait-reader/as-bufio", "wait-writer/as-bufio"),
		seen("space only when empty", with(func(b bufstrategy.Buffer, _ Config) fault {
			return fault{space: func() [][]byte {
				if b.Len() > 0 {
					return nil
				}
				return b.Space()
			}}
		}),
			"index/across-segments", "message/any-pieces", "message/find-takes-nothing",
			"message/never-short-at-limit", "wait-reader/as-bufio", "wait-writer/waits-at-limit"),
		seen("space beyond the limit", withConfig(func(c Config) Config { c.Limit++; return c },
			func(b bufstrategy.Buffer, _ Config) fault {
				return fault{limit: func() int { return b.Limit() - 1 }}
			}),
			"message/never-short-at-limit", "wait-reader/as-bufio", "wait-writer/waits-at-limit"),
	}
}
