package bufstrategytest

import (
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
)

func statsCases() []Case {
	return []Case{
		{
			ID: "stats/moved", Doc: "bufstrategy.Stats.Moved",
			Rule: "Moved counts the committed bytes.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				n := len(scatter(t, b)) + b.Limit() - b.Limit()/3
				b.Segments()
				if got := b.Stats().Moved; got != uint64(n) {
					t.Errorf("Moved is %d, want %d", got, n)
				}
			},
		}, {
			ID: "stats/commits", Doc: "bufstrategy.Stats.Commits",
			Rule: "Commits counts the Commits of more than zero bytes, that is, the reads that got something.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				for range 3 {
					putOnce(b, []byte("abcd"))
					b.Space()
					b.Commit(0)
				}
				b.Segments()
				b.Discard(5)
				if got := b.Stats().Commits; got != 3 {
					t.Errorf("Commits is %d, want 3", got)
				}
			},
		}, {
			ID: "stats/discards", Doc: "bufstrategy.Stats.Discards",
			Rule: "Discards counts the Discards of more than zero bytes: the messages, if each is discarded at once.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				put(t, b, []byte("abcdefgh"))
				for range 4 {
					b.Discard(2)
					b.Discard(0)
				}
				put(t, b, []byte("forgotten"))
				b.Release()
				if got := b.Stats().Discards; got != 4 {
					t.Errorf("Discards is %d, want 4", got)
				}
			},
		}, {
			ID: "stats/full", Doc: "bufstrategy.Stats.Full",
			Rule: "Full counts how often Space had nothing to offer.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				scatter(t, b)
				if got := b.Stats().Full; got != 0 {
					t.Errorf("Full is %d before the buffer was full", got)
				}
				b.Space()
				b.Space()
				b.Discard(1)
				b.Space()
				if got := b.Stats().Full; got != 2 {
					t.Errorf("Full is %d, want 2", got)
				}
			},
		}, {
			ID: "stats/resident", Doc: "bufstrategy.Stats.Resident",
			Rule: "Resident is the number of bytes of memory held, at least Len.",
			Run:  statsResident,
		}, {
			ID: "stats/kept-by-release", Doc: "bufstrategy.Stats",
			Rule: "Stats holds the counters of a buffer. Release does not reset them.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				scatter(t, b)
				b.Space()
				before := b.Stats()
				b.Release()
				before.Resident = 0
				if after := b.Stats(); after != before {
					t.Errorf("stats are %+v, want %+v", after, before)
				}
			},
		}, {
			ID: "stats/steady-allocates-nothing", Doc: "bufstrategy.Buffer",
			Rule:   "Repeating traffic allocates nothing after its first round.",
			Source: "an allocation per operation: gnet #214",
			Run:    statsSteady,
		}, {
			ID: "stats/passing-through-copies-nothing", Doc: "bufstrategy.Stats.Copied",
			Rule:  "Copied counts the bytes that the strategy itself copied: to compact, to grow, for a View, as left-overs.",
			Needs: []Feature{Copyless},
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 5000})
				rng := rand.New(rand.NewPCG(10, 10))
				for range 300 {
					putOnce(b, make([]byte, rng.IntN(b.Limit())))
					b.Segments()
					b.Discard(rng.IntN(b.Len() + 1))
				}
				if got := b.Stats().Copied; got != 0 {
					t.Errorf("%d bytes copied", got)
				}
			},
		},
	}
}

func statsResident(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 20_000})
	rng := rand.New(rand.NewPCG(11, 11))
	most := 0
	check := func() {
		t.Helper()
		s := b.Stats()
		most = max(most, s.Resident)
		if s.Resident < b.Len() || s.PeakResident < most {
			t.Fatalf("resident %d, at most %d so far according to Stats and %d as seen, Len %d", s.Resident, s.PeakResident, most, b.Len())
		}
	}
	for range 300 {
		putOnce(b, make([]byte, rng.IntN(b.Limit())))
		check()
		if _, err := b.View(b.Len()); err != nil {
			t.Fatalf("View: %v", err)
		}
		check()
		b.Discard(rng.IntN(b.Len() + 1))
		check()
		if rng.IntN(20) == 0 {
			b.Release()
			check()
		}
	}
}

func statsSteady(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 20_000})
	p := pattern(b.Limit(), 12)
	round := func() {
		put(t, b, p[:5000])
		b.Discard(4000)
		put(t, b, p[:b.Limit()-1000])
		b.Segments()
		if _, err := b.View(9000); err != nil {
			t.Fatalf("View: %v", err)
		}
		b.Discard(b.Limit() - 2000)
		for range 10 {
			b.Discard(min(b.Len(), 300))
			putOnce(b, p[:100])
		}
		b.Discard(b.Len())
	}
	for range 20 {
		round()
	}
	before, rounds := b.Stats().Allocs, suite.Extent(20, 100)
	for range rounds {
		round()
	}
	if n := b.Stats().Allocs - before; n != 0 {
		t.Errorf("%d allocations in %d rounds", n, rounds)
	}
}
