package bufstrategytest

import (
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

func spaceCases() []Case {
	return []Case{
		{
			ID: "space/empty-only-at-limit", Doc: "bufstrategy.Buffer.Space",
			Rule: "Space offers nothing only if Len has reached Limit, or if memory shared with other buffers is exhausted.",
			Run: eachStep(func(t T, b bufstrategy.Buffer, space [][]byte) {
				if n := sum(space); (n == 0) != (b.Len() == b.Limit()) {
					t.Fatalf("Space offers %d bytes at Len %d of Limit %d", n, b.Len(), b.Limit())
				}
			}),
		}, {
			ID: "space/within-limit", Doc: "bufstrategy.Buffer.Space",
			Rule: "The segments of Space never add up to more than Limit minus Len, and none is empty.",
			Run: eachStep(func(t T, b bufstrategy.Buffer, space [][]byte) {
				if n := sum(space); n > b.Limit()-b.Len() {
					t.Fatalf("Space offers %d bytes at Len %d of Limit %d", n, b.Len(), b.Limit())
				}
				for i, s := range space {
					if len(s) == 0 {
						t.Fatalf("segment %d of %d is empty", i, len(space))
					}
				}
			}),
		}, {
			ID: "space/capacity-clipped", Doc: "bufstrategy.Buffer",
			Rule: "The capacity of every segment and view is clipped to its length, so append cannot reach other bytes.",
			Run: eachStep(func(t T, _ bufstrategy.Buffer, space [][]byte) {
				for i, s := range space {
					if cap(s) != len(s) {
						t.Fatalf("segment %d: length %d, capacity %d", i, len(s), cap(s))
					}
				}
			}),
		}, {
			ID: "space/keeps-unread", Doc: "bufstrategy.Buffer.Space",
			Rule: "Space may move unread bytes, and keeps them.",
			Run:  spaceKeepsUnread,
		}, {
			ID: "space/may-be-shortened", Doc: "bufstrategy.Buffer.Space",
			Rule: "The caller may shorten the slice and its segments.",
			Run:  spaceMayBeShortened,
		}, {
			ID: "commit/in-order", Doc: "bufstrategy.Buffer.Commit",
			Rule: "Commit makes the first n bytes of the segments that Space returned readable, in the order of the segments.",
			Run:  commitInOrder,
		}, {
			ID: "commit/zero", Doc: "bufstrategy.Buffer.Commit",
			Rule: "Commit of zero bytes gives back the space and changes nothing else.",
			Run:  commitZero,
		}, {
			ID: "commit/too-much-panics", Doc: "bufstrategy.Buffer.Commit",
			Rule: "Commit panics if n is negative or more than Space offered.",
			Run:  commitTooMuch,
		}, {
			ID: "commit/only-after-space", Doc: "bufstrategy.Buffer.Commit",
			Rule:   "Commit ends the space. A second Commit, or one after View, Segments, Discard, Trim or Release, panics unless n is zero.",
			Source: "a view passed out and overwritten by a late commit: gnet #648, netpoll #342",
			Run:    commitOnlyAfterSpace,
		}, {
			ID: "limit/reached-and-kept", Doc: "bufstrategy.Buffer.Limit",
			Rule: "Limit is the number of unread bytes that the buffer can hold. It is at least the requested limit and never changes.",
			Run:  limitReached,
		},
	}
}

// eachStep checks every Space of a buffer that is filled and emptied in uneven pieces.
func eachStep(check func(t T, b bufstrategy.Buffer, space [][]byte)) func(T, *Fixture) {
	return func(t T, f *Fixture) {
		for _, limit := range []int{1, 100, 1 << 10, 20000} {
			b := f.open(t, Options{Limit: limit})
			rng := rand.New(rand.NewPCG(uint64(limit), 2))
			for range 400 {
				space := b.Space()
				n := sum(space)
				check(t, b, space)
				if n > 0 && rng.IntN(2) == 0 {
					n = 1 + rng.IntN(n)
				}
				b.Commit(n)
				if rng.IntN(3) == 0 || n == 0 {
					b.Discard(rng.IntN(b.Len() + 1))
				}
			}
			b.Release()
		}
	}
}

func spaceKeepsUnread(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 3000})
	want := scatter(t, b)
	for _, k := range []int{1, 2, 500, 700, 1000} {
		b.Discard(k)
		want = want[k:]
		b.Space()
		wantUnread(t, b, want)
	}
}

func spaceMayBeShortened(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 1000})
	scatter(t, b)
	b.Discard(b.Len() - 5)
	want := join(b.Segments())
	space := b.Space()
	space = space[:1]
	space[0] = space[0][:min(3, len(space[0]))]
	n := copy(space[0], "xyz")
	b.Commit(n)
	wantUnread(t, b, append(want, "xyz"[:n]...))
	put(t, b, []byte("and more"))
	wantUnread(t, b, append(want, ("xyz"[:n]+"and more")...))
}

func commitInOrder(t T, f *Fixture) {
	for _, limit := range []int{64, 1000, 100_000} {
		b := f.open(t, Options{Limit: limit})
		want := scatter(t, b)
		b.Discard(len(want) / 2)
		want = want[len(want)/2:]
		// The case writes to everything that is offered, and commits less.
		next := pattern(b.Limit(), 4)
		n := 0
		for _, s := range b.Space() {
			n += copy(s, next[n:])
		}
		n -= n / 4
		b.Commit(n)
		wantUnread(t, b, append(append([]byte(nil), want...), next[:n]...))
	}
}

func commitZero(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 1000, High: 10, Low: 5})
	put(t, b, []byte("twelve bytes"))
	b.Discard(4)
	paused := b.Paused()
	for range 3 {
		b.Space()
		b.Commit(0)
		if b.Paused() != paused {
			t.Errorf("Paused changed to %v", b.Paused())
		}
		wantUnread(t, b, []byte("ve bytes"))
	}
	b.Commit(0)
	wantUnread(t, b, []byte("ve bytes"))
}

func commitTooMuch(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 100})
	n := sum(b.Space())
	wantPanic(t, "Commit of one more than offered", func() { b.Commit(n + 1) })
	b = f.open(t, Options{Limit: 100})
	b.Space()
	wantPanic(t, "Commit of -1", func() { b.Commit(-1) })
}

func commitOnlyAfterSpace(t T, f *Fixture) {
	for _, c := range []struct {
		name string
		f    func(b bufstrategy.Buffer)
	}{
		{"Commit", func(b bufstrategy.Buffer) { b.Commit(1) }},
		{"View", func(b bufstrategy.Buffer) { _, _ = b.View(1) }},
		{"Segments", func(b bufstrategy.Buffer) { b.Segments() }},
		{"Discard", func(b bufstrategy.Buffer) { b.Discard(1) }},
		{"Trim", func(b bufstrategy.Buffer) { b.Trim() }},
		{"Release", func(b bufstrategy.Buffer) { b.Release() }},
	} {
		b := f.open(t, Options{Limit: 100})
		put(t, b, []byte("some"))
		b.Space()
		c.f(b)
		wantPanic(t, "Commit after "+c.name, func() { b.Commit(1) })
	}
}

func limitReached(t T, f *Fixture) {
	for _, limit := range []int{1, 999, 4096, 70_000} {
		b := f.open(t, Options{Limit: limit})
		got := b.Limit()
		if got < limit {
			t.Fatalf("Limit is %d, requested was %d", got, limit)
		}
		want := pattern(got, 5)
		put(t, b, want)
		wantUnread(t, b, want)
		b.Release()
		if b.Limit() != got {
			t.Fatalf("Limit changed from %d to %d", got, b.Limit())
		}
	}
}
