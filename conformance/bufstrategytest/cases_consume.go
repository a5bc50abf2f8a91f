package bufstrategytest

import "math/rand/v2"

func consumeCases() []Case {
	return []Case{
		{
			ID: "segments/all-in-order", Doc: "bufstrategy.Buffer.Segments",
			Rule: "Segments returns all unread bytes, in order, for a vectored write, and consumes nothing.",
			Run: func(t T, f *Fixture) {
				for _, limit := range []int{10, 1000, MaxLimitBytes} {
					b := f.open(t, Options{Limit: limit})
					want := scatter(t, b)
					wantUnread(t, b, want)
					wantUnread(t, b, want)
				}
			},
		}, {
			ID: "segments/none-empty", Doc: "bufstrategy.Buffer.Segments",
			Rule: "No segment is empty. There may be more segments than one system call takes.",
			Run:  segmentsNoneEmpty,
		}, {
			ID: "segments/capacity-clipped", Doc: "bufstrategy.Buffer",
			Rule: "The capacity of every segment and view is clipped to its length, so append cannot reach other bytes.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				scatter(t, b)
				b.Discard(100)
				for i, s := range b.Segments() {
					if cap(s) != len(s) {
						t.Errorf("segment %d: length %d, capacity %d", i, len(s), cap(s))
					}
				}
			},
		}, {
			ID: "discard/in-order", Doc: "bufstrategy.Buffer.Discard",
			Rule: "Discard consumes the first n unread bytes.",
			Run:  discardInOrder,
		}, {
			ID: "discard/too-much-panics", Doc: "bufstrategy.Buffer.Discard",
			Rule: "Discard panics if n is negative or more than Len.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 100})
				put(t, b, []byte("four"))
				wantPanic(t, "Discard of 5 of 4 bytes", func() { b.Discard(5) })
				wantPanic(t, "Discard of -1", func() { b.Discard(-1) })
				wantUnread(t, b, []byte("four"))
			},
		}, {
			ID: "paused/between-watermarks", Doc: "bufstrategy.Buffer.Paused",
			Rule:   "Paused reports true after Len has reached the high watermark, until it has fallen to the low one.",
			Source: "unbounded buffers for slow readers: gnet #213, #423",
			Run:    pausedBetween,
		},
	}
}

func segmentsNoneEmpty(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 2000})
	rng := rand.New(rand.NewPCG(6, 6))
	for range 300 {
		putOnce(b, pattern(rng.IntN(b.Limit()), 7))
		b.Discard(rng.IntN(b.Len() + 1))
		if rng.IntN(4) == 0 {
			b.Discard(b.Len())
		}
		for i, s := range b.Segments() {
			if len(s) == 0 {
				t.Fatalf("segment %d is empty at Len %d", i, b.Len())
			}
		}
	}
}

func discardInOrder(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 50_000})
	want := scatter(t, b)
	for k := 1; len(want) > 0; k = min(k*2, len(want)) {
		b.Discard(k)
		want = want[k:]
		wantUnread(t, b, want)
		b.Discard(0)
		wantUnread(t, b, want)
	}
}

func pausedBetween(t T, f *Fixture) {
	for _, c := range []struct {
		config    Options
		high, low int
	}{
		{Options{Limit: 100, High: 60, Low: 20}, 60, 20},
		{Options{Limit: 128}, 0, 0},
	} {
		b := f.open(t, c.config)
		if c.high == 0 {
			c.high = b.Limit()
			c.low = c.high / 2
		}
		want := false
		step := func(what string) {
			switch {
			case b.Len() >= c.high:
				want = true
			case b.Len() <= c.low:
				want = false
			}
			if b.Paused() != want {
				t.Fatalf("after %s: Paused is %v at Len %d, want %v between %d and %d", what, b.Paused(), b.Len(), want, c.low, c.high)
			}
		}
		step("nothing")
		for range 2 {
			for b.Len() < c.high {
				put(t, b, []byte{1})
				step("Commit")
			}
			for b.Len() > 0 {
				b.Discard(1)
				step("Discard")
			}
		}
		put(t, b, make([]byte, c.high))
		step("Commit")
		b.Release()
		step("Release")
	}
}
