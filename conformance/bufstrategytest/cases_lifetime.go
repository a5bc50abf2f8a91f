package bufstrategytest

import (
	"bytes"
	"errors"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

func lifetimeCases() []Case {
	return []Case{
		{
			ID: "release/gives-all-back", Doc: "bufstrategy.Ring.Release",
			Rule: "Release forgets the unread bytes and gives back all memory.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 5000})
				scatter(t, b)
				if _, err := b.View(b.Limit()); err != nil {
					t.Fatalf("View: %v", err)
				}
				b.Release()
				if b.Len() != 0 || len(b.Segments()) != 0 || b.Stats().Resident != 0 {
					t.Errorf("after Release: Len %d, %d segments, resident %d", b.Len(), len(b.Segments()), b.Stats().Resident)
				}
			},
		}, {
			ID: "release/usable-again", Doc: "bufstrategy.Buffer.Release",
			Rule: "After Release the buffer is empty and may be used again. Release of an empty buffer is allowed.",
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 5000})
				b.Release()
				for range 3 {
					wantUnread(t, b, scatter(t, b))
					b.Release()
					b.Release()
					wantUnread(t, b, nil)
				}
			},
		}, {
			ID: "trim/keeps-unread", Doc: "bufstrategy.Buffer.Trim",
			Rule: "Trim gives back memory that the unread bytes do not need, as far as the strategy can, and keeps those bytes.",
			Run:  trimKeepsUnread,
		}, {
			ID: "trim/empty-holds-nothing", Doc: "bufstrategy.Buffer.Trim",
			Rule:   "An empty buffer holds no memory after Trim.",
			Source: "idle connections that keep the buffers of their last burst: gnet #337, #660",
			Run: func(t T, f *Fixture) {
				for range 100 {
					b := f.open(t, Options{Limit: 5000})
					b.Discard(len(scatter(t, b)))
					b.Trim()
					if n := b.Stats().Resident; n != 0 {
						t.Fatalf("resident is %d", n)
					}
					put(t, b, []byte("again"))
					wantUnread(t, b, []byte("again"))
				}
			},
		}, {
			ID: "poison/discarded", Doc: "bufstrategy.Options.Poison",
			Rule:    "Poison overwrites bytes with the byte Poison when they are discarded, released or moved away, to reveal later reads.",
			Source:  "data kept past the callback and overwritten by the next read: gnet #648, #649, netpoll #342",
			Needs:   []Feature{Poisons},
			Run:     poisonDiscarded,
			Refused: poisonRefused,
		}, {
			ID: "poison/released", Doc: "bufstrategy.Options.Poison",
			Rule:  "Poison overwrites bytes with the byte Poison when they are discarded, released or moved away, to reveal later reads.",
			Needs: []Feature{Poisons},
			Run: func(t T, f *Fixture) {
				b := f.open(t, Options{Limit: 5000, Poison: true})
				put(t, b, bytes.Repeat([]byte{1}, b.Limit()))
				kept := append([][]byte(nil), b.Segments()...)
				b.Release()
				wantPoison(t, join(kept))
			},
			Refused: poisonRefused,
		}, {
			ID: "poison/never-unread", Doc: "bufstrategy.Options.Poison",
			Rule:    "Poison never touches unread bytes.",
			Needs:   []Feature{Poisons},
			Run:     func(t T, f *Fixture) { runModel(t, f, Options{Limit: 1500, Poison: true}, 500) },
			Refused: poisonRefused,
		}, {
			ID: "exhausted/nothing-lost", Doc: "bufstrategy.ErrExhausted",
			Rule:   "ErrExhausted reports that memory shared with other buffers has reached its bound. Nothing was lost.",
			Source: "one slow reader must not take the bytes of another: gnet #423",
			Needs:  []Feature{SharesMemory},
			Run:    exhaustedNothingLost,
		},
	}
}

func trimKeepsUnread(t T, f *Fixture) {
	for _, limit := range []int{100, 30_000} {
		b := f.open(t, Options{Limit: limit})
		want := scatter(t, b)
		for len(want) > 0 {
			b.Trim()
			wantUnread(t, b, want)
			if v, err := b.View(len(want)); err != nil || !bytes.Equal(v, want) {
				t.Fatalf("View after Trim: wrong bytes, or %v", err)
			}
			b.Trim()
			k := (len(want) + 1) / 2
			b.Discard(k)
			want = want[k:]
		}
	}
}

func poisonRefused(t T, f *Fixture) {
	if _, err := f.New(Options{Limit: 100, Poison: true}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("new buffer with Poison: %v, want errors.ErrUnsupported", err)
	}
}

// poison is the byte that bufstrategy.Options.Poison promises.
const poison = 0xDB

func wantPoison(t T, p []byte) {
	t.Helper()
	for i, c := range p {
		if c != poison {
			t.Fatalf("byte %d of %d still reads %#x", i, len(p), c)
		}
	}
}

func poisonDiscarded(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 5000, Poison: true})
	fresh := func() {
		b.Release()
		put(t, b, bytes.Repeat([]byte{1}, b.Limit()-10))
		b.Discard(b.Limit() / 2)
		put(t, b, bytes.Repeat([]byte{2}, b.Limit()/2))
	}

	fresh()
	s := b.Segments()[0]
	b.Discard(len(s))
	wantPoison(t, s)

	fresh()
	s = b.Segments()[0]
	k := len(s) - 3
	b.Discard(k)
	wantPoison(t, s[:k])
	if bytes.IndexByte(s[k:], poison) >= 0 {
		t.Errorf("unread bytes were overwritten")
	}

	fresh()
	v, err := b.View(b.Len())
	if err != nil {
		t.Fatalf("View: %v", err)
	}
	b.Discard(len(v))
	wantPoison(t, v)
}

func exhaustedNothingLost(t T, f *Fixture) {
	b := f.open(t, Options{Limit: 60_000})
	put(t, b, []byte("before"))
	restore := f.Exhaust()
	src := &socket{data: pattern(50_000, 9), arrived: 50_000}
	want := append([]byte("before"), src.data...)
	o, n, err := f.fill(b, src, 0)
	if o != bufstrategy.Full || !errors.Is(err, bufstrategy.ErrExhausted) {
		t.Fatalf("Fill without memory: %v, %v, want full and ErrExhausted", o, err)
	}
	wantUnread(t, b, want[:len("before")+n])
	restore()
	if o, _, err := f.fill(b, src, 0); o != bufstrategy.Drained || err != nil {
		t.Fatalf("Fill after memory returned: %v, %v, want drained", o, err)
	}
	wantUnread(t, b, want)
}
