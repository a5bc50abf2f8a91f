package bufstrategytest

import (
	"github.com/edgewise-go/edgewise/bufstrategy"
)

// parserMutants are those that only the cases about parsers report. These cases also report mutants
// of the other kinds.
func parserMutants() []mutant {
	return []mutant{
		seen("release resets what was moved", with(func(b bufstrategy.Buffer, _ Options) fault {
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
		seen("segments change places", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{segments: func() [][]byte {
				s := b.Segments()
				if n := len(s); n > 2 {
					s[1], s[2] = s[2], s[1]
				}
				return s
			}}
		}),
			"wait-reader/as-bufio"),
		seen("segments are made one", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{segments: func() [][]byte {
				_, _ = b.View(b.Len())
				return b.Segments()
			}}
		}),
			"message/find-takes-nothing"),
		seen("limit is more than fits", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{limit: func() int { return b.Limit() + 1 }}
		}),
			"wait-writer/waits-at-limit"),
		seen("discard takes one less", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{discard: func(n int) {
				if n > 300 {
					n--
				}
				b.Discard(n)
			}}
		}),
			"stats/consumed"),
		seen("space only when empty", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{space: func() [][]byte {
				if b.Len() > 0 {
					return nil
				}
				return b.Space()
			}}
		}),
			"index/across-segments"),
		seen("space beyond the limit", withOptions(func(c Options) Options { c.Limit++; return c },
			func(b bufstrategy.Buffer, _ Options) fault {
				return fault{limit: func() int { return b.Limit() - 1 }}
			}),
			"message/never-short-at-limit"),
	}
}
