package bufstrategytest

import (
	"errors"
	"math"
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

func viewCases() []Case {
	return []Case{
		{
			ID: "view/first-bytes", Doc: "bufstrategy.Buffer.View",
			Rule: "View returns the first n unread bytes as one slice, and consumes nothing.",
			Run:  viewFirstBytes,
		}, {
			ID: "view/then-more", Doc: "bufstrategy.Buffer.View",
			Rule:   "View returns the first n unread bytes as one slice, and consumes nothing.",
			Source: "bytes that arrive after a View made its bytes contiguous must follow them",
			Run:    viewThenMore,
		}, {
			ID: "view/short", Doc: "bufstrategy.Buffer.View",
			Rule: "View returns ErrShort if fewer than n bytes are unread but n may still come.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 100})
				for _, have := range []int{0, 4} {
					put(t, b, make([]byte, have))
					for _, n := range []int{have + 1, 50, b.Limit()} {
						if _, err := b.View(n); !errors.Is(err, bufstrategy.ErrShort) {
							t.Errorf("View(%d) of %d bytes: %v, want ErrShort", n, have, err)
						}
					}
					wantUnread(t, b, make([]byte, have))
				}
			},
		}, {
			ID: "view/too-large", Doc: "bufstrategy.Buffer.View",
			Rule:   "View returns ErrTooLarge if n is more than Limit, so that waiting is useless.",
			Source: "an unbounded peek took all memory: netpoll #335",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 100})
				for _, n := range []int{b.Limit() + 1, math.MaxInt} {
					if _, err := b.View(n); !errors.Is(err, bufstrategy.ErrTooLarge) {
						t.Errorf("View(%d) of Limit %d: %v, want ErrTooLarge", n, b.Limit(), err)
					}
				}
			},
		}, {
			ID: "view/negative-panics", Doc: "bufstrategy.Buffer.View",
			Rule: "View panics if n is negative.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 100})
				wantPanic(t, "View(-1)", func() { _, _ = b.View(-1) })
			},
		}, {
			ID: "view/copies-once", Doc: "bufstrategy.Buffer.View",
			Rule:   "Until a Discard, a View no longer than an earlier one copies nothing.",
			Source: "a peek that copied again each time: netpoll #335",
			Run:    viewCopiesOnce,
		}, {
			ID: "view/contiguous", Doc: "bufstrategy.Buffer.View",
			Rule:   "View copies only if the bytes are not contiguous.",
			Source: "a ring whose memory is mapped twice has nothing to copy",
			Needs:  []Feature{Contiguous},
			Run:    viewContiguous,
		}, {
			ID: "view/capacity-clipped", Doc: "bufstrategy.Buffer",
			Rule: "The capacity of every segment and view is clipped to its length, so append cannot reach other bytes.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 1000})
				scatter(t, b)
				for _, n := range []int{0, 1, 10, b.Limit() / 2, b.Limit()} {
					if v, err := b.View(n); err != nil || len(v) != n || cap(v) != n {
						t.Errorf("View(%d): length %d, capacity %d, %v", n, len(v), cap(v), err)
					}
				}
			},
		},
	}
}

func viewFirstBytes(t T, f *Fixture) {
	for _, limit := range []int{8, 1000, 4096, 100_000} {
		b := f.open(t, Options{Limit: limit})
		want := scatter(t, b)
		for _, n := range []int{0, 1, 2, limit / 3, limit - limit/3, limit - limit/3 + 1, limit, b.Limit(), 5} {
			v, err := b.View(n)
			if err != nil {
				t.Fatalf("View(%d) of %d bytes: %v", n, b.Len(), err)
			}
			wantBytes(t, "View", v, want[:n])
		}
		wantUnread(t, b, want)
	}
}

func viewThenMore(t T, f *Fixture) {
	for _, limit := range []int{1000, 100_000} {
		b := f.open(t, Options{Limit: limit})
		want := scatter(t, b)
		gone := len(want) / 4
		b.Discard(gone)
		v, err := b.View(b.Limit() / 2)
		if err != nil {
			t.Fatalf("View: %v", err)
		}
		wantBytes(t, "View", v, want[gone:gone+b.Limit()/2])
		more := pattern(gone, 8)
		put(t, b, more)
		want = append(append([]byte(nil), want[gone:]...), more...)
		wantUnread(t, b, want)
		v, err = b.View(b.Limit())
		if err != nil {
			t.Fatalf("View: %v", err)
		}
		wantBytes(t, "View of all", v, want)
		b.Discard(gone)
		wantUnread(t, b, want[gone:])
	}
}

func viewContiguous(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 5000})
	rng := rand.New(rand.NewPCG(13, 13))
	for range 300 {
		if s := b.Space(); len(s) > 1 || sum(s) != b.Limit()-b.Len() {
			t.Fatalf("Space has %d bytes in %d segments, with %d of %d unread", sum(s), len(s), b.Len(), b.Limit())
		}
		putOnce(b, make([]byte, rng.IntN(b.Limit())))
		if s := b.Segments(); len(s) > 1 || sum(s) != b.Len() {
			t.Fatalf("Segments has %d bytes in %d segments, of %d", sum(s), len(s), b.Len())
		}
		if _, err := b.View(b.Len()); err != nil {
			t.Fatalf("View: %v", err)
		}
		b.Discard(rng.IntN(b.Len() + 1))
	}
	if n := b.Stats().Copied; n != 0 {
		t.Errorf("%d bytes copied", n)
	}
}

func viewCopiesOnce(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 50_000})
	scatter(t, b)
	n := b.Limit() - 7
	if _, err := b.View(n); err != nil {
		t.Fatalf("View: %v", err)
	}
	before := b.Stats().Copied
	for _, k := range []int{n, n - 1, n / 2, 1, n} {
		if _, err := b.View(k); err != nil {
			t.Fatalf("View: %v", err)
		}
	}
	if after := b.Stats().Copied; after != before {
		t.Errorf("View copied %d bytes again", after-before)
	}
}
