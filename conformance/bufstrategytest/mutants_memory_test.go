package bufstrategytest

import (
	"slices"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

func lifetimeMutants() []mutant {
	return []mutant{
		seen("release keeps memory", with(func(b bufstrategy.Buffer, _ Options) fault {
			kept := 0
			return fault{release: func() { b.Release(); kept = 1 }, stats: func() bufstrategy.Stats {
				s := b.Stats()
				s.Resident += kept
				s.PeakResident += kept
				return s
			}}
		}),
			"release/gives-all-back"),
		seen("release is for ever", with(func(b bufstrategy.Buffer, _ Options) fault {
			dead := false
			return fault{release: func() { b.Release(); dead = true }, space: func() [][]byte {
				if dead {
					return nil
				}
				return b.Space()
			}}
		}),
			"release/usable-again"),
		seen("trim loses a byte", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{trim: func() { b.Trim(); b.Discard(min(1, b.Len())) }}
		}),
			"trim/keeps-unread"),
		seen("trim keeps memory", with(func(b bufstrategy.Buffer, _ Options) fault {
			kept := 0
			return fault{trim: func() { b.Trim(); kept = 1 }, stats: func() bufstrategy.Stats {
				s := b.Stats()
				s.Resident += kept
				s.PeakResident++
				return s
			}}
		}), "trim/empty-holds-nothing"),
		seen("poison is not written", withOptions(func(c Options) Options { c.Poison = false; return c },
			func(bufstrategy.Buffer, Options) fault { return fault{} }),
			"poison/discarded"),
		seen("poison is not written by release", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{release: func() {
				var was [][]byte
				segs := slices.Clone(b.Segments())
				for _, s := range segs {
					was = append(was, slices.Clone(s))
				}
				b.Release()
				for i, s := range segs {
					copy(s, was[i])
				}
			}}
		}), "poison/released"),
		seen("poison goes too far", with(func(b bufstrategy.Buffer, c Options) fault {
			return fault{discard: func(n int) {
				b.Discard(n)
				if s := b.Segments(); c.Poison && n > 0 && len(s) > 0 {
					s[0][0] = poison
				}
			}}
		}),
			"poison/never-unread"),
		seen("exhaustion loses bytes", with(func(b bufstrategy.Buffer, _ Options) fault {
			return fault{space: func() [][]byte {
				s := b.Space()
				if len(s) == 0 && b.Len() < b.Limit() {
					b.Discard(min(1, b.Len()))
				}
				return s
			}}
		}),
			"exhausted/nothing-lost"),
		seen("buffers see each other", aliasing(),
			"model/several"),
	}
}

// aliasing damages the previous buffer whenever a buffer commits.
func aliasing() Target {
	target := pooled(256)
	open := target.Open
	target.Open = func(t T) (*Fixture, error) {
		f, err := open(t)
		if err != nil {
			return nil, err
		}
		good := f.New
		var before bufstrategy.Buffer
		f.New = func(c Options) (bufstrategy.Buffer, error) {
			b, err := good(c)
			other := before
			before = b
			return &broken{b, fault{commit: func(n int) {
				b.Commit(n)
				if other != nil {
					flip(other, 0)
				}
			}}}, err
		}
		return f, nil
	}
	return target
}

func statsMutants() []mutant {
	count := func(change func(s *bufstrategy.Stats, spaces, discards, releases uint64)) Target {
		return with(func(b bufstrategy.Buffer, _ Options) fault {
			var spaces, discards, releases uint64
			return fault{
				space:   func() [][]byte { spaces++; return b.Space() },
				discard: func(n int) { discards++; b.Discard(n) },
				release: func() { releases++; b.Release() },
				stats: func() bufstrategy.Stats {
					s := b.Stats()
					change(&s, spaces, discards, releases)
					return s
				},
			}
		})
	}
	return []mutant{
		seen("moved counts calls", count(func(s *bufstrategy.Stats, spaces, _, _ uint64) { s.Moved = spaces }), "stats/moved"),
		seen("every space is a commit", count(func(s *bufstrategy.Stats, spaces, _, _ uint64) { s.Commits = spaces }), "stats/commits"),
		seen("every discard counts", count(func(s *bufstrategy.Stats, _, discards, _ uint64) { s.Discards = discards }), "stats/discards"),
		seen("full is not counted", count(func(s *bufstrategy.Stats, _, _, _ uint64) { s.Full = 0 }), "stats/full"),
		seen("resident is not counted", count(func(s *bufstrategy.Stats, _, _, _ uint64) { s.Resident = 0 }),
			"stats/resident"),
		seen("release resets the statistics", count(func(s *bufstrategy.Stats, _, _, releases uint64) {
			if releases > 0 {
				s.Moved = 0
			}
		}), "stats/kept-by-release"),
		seen("every space allocates", count(func(s *bufstrategy.Stats, spaces, _, _ uint64) { s.Allocs += spaces }), "stats/steady-allocates-nothing"),
		seen("every discard copies", count(func(s *bufstrategy.Stats, _, discards, _ uint64) { s.Copied += discards }), "stats/passing-through-copies-nothing"),
	}
}
