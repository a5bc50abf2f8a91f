package bufstrategytest

import (
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

func lendCases() []Case {
	return []Case{
		{
			ID: "lend/returned-once", Doc: "bufstrategy.Lender.Return",
			Rule:  "Return is called exactly once for each segment that a Kernel took: after its last byte was discarded or copied elsewhere, or by Release.",
			Needs: []Feature{Lends},
			Run:   lendReturnedOnce,
		}, {
			ID: "lend/not-while-unread", Doc: "bufstrategy.Kernel.Lend",
			Rule:   "Lend appends the filled segment p to the unread bytes without copying.",
			Source: "a provided buffer that the kernel filled again while it was read: liburing, io_uring_register_buf_ring(3)",
			Needs:  []Feature{Lends},
			Run:    lendNotWhileUnread,
		}, {
			ID: "lend/in-order", Doc: "bufstrategy.Kernel",
			Rule:  "Bytes that a mechanism received into its own buffers are read without a copy, in order with those read through Space and Commit. One mechanism can replace another on the same buffer.",
			Needs: []Feature{Lends},
			Run:   lendInOrder,
		}, {
			ID: "lend/refused-at-the-bound", Doc: "bufstrategy.Kernel.Lend",
			Rule:  "Lend reports false and takes nothing if p exceeds Limit minus Len, if MaxLent segments are lent, or without a Lender.",
			Needs: []Feature{Lends},
			Run:   lendBound,
		}, {
			ID: "lend/handover", Doc: "bufstrategy.Kernel",
			Rule:  "MoveFrom takes lent segments from a Kernel like any others. They return to their Lender from their new buffer.",
			Needs: []Feature{Lends, HandsOver},
			Run:   lendHandover,
		},
	}
}

// lender lends segments of its own, each with a number, and overwrites what comes back.
type lender struct {
	out  map[uint32][]byte
	back map[uint32]int
	next uint32
}

func newLender() *lender { return &lender{out: map[uint32][]byte{}, back: map[uint32]int{}} }

func (l *lender) Return(id uint32) {
	l.back[id]++
	for i := range l.out[id] {
		l.out[id][i] = ^l.out[id][i]
	}
	delete(l.out, id)
}

// lend lends a copy of p to b, and reports whether b took it.
func (l *lender) lend(f *Fixture, b bufstrategy.Buffer, p []byte) bool {
	id := l.next
	l.next++
	l.out[id] = append([]byte(nil), p...)
	if f.Lend(b, l.out[id], id) {
		return true
	}
	delete(l.out, id)
	return false
}

// want checks that all segments except those in out have come back once, and that no other has.
func (l *lender) want(t T, out int) {
	t.Helper()
	for id, n := range l.back {
		if n != 1 {
			t.Errorf("segment %d came back %d times", id, n)
		}
	}
	if len(l.out) != out {
		t.Errorf("%d segments are lent, want %d", len(l.out), out)
	}
}

func lendReturnedOnce(t T, f *Fixture) {
	l := newLender()
	b := f.open(t, Options{Limit: 5000, Lender: l})
	for range 5 {
		if !l.lend(f, b, pattern(100, 23)) {
			t.Fatalf("Lend at Len %d of Limit %d: not taken", b.Len(), b.Limit())
		}
	}
	l.want(t, 5)
	b.Discard(99)
	l.want(t, 5)
	b.Discard(1)
	l.want(t, 4)
	b.Discard(250)
	l.want(t, 2)
	b.Trim()
	b.Segments()
	l.want(t, 2)
	b.Release()
	b.Release()
	l.want(t, 0)
	if len(l.back) != 5 {
		t.Errorf("%d segments came back, want 5", len(l.back))
	}
}

func lendNotWhileUnread(t T, f *Fixture) {
	l := newLender()
	b := f.open(t, Options{Limit: 5000, Lender: l})
	rng := rand.New(rand.NewPCG(24, 24))
	var want []byte
	for i := range 300 {
		if p := pattern(1+rng.IntN(300), uint64(i)); l.lend(f, b, p) {
			want = append(want, p...)
		}
		before := b.Stats().Copied
		wantUnread(t, b, want)
		if after := b.Stats().Copied; after != before {
			t.Fatalf("%d bytes copied", after-before)
		}
		if rng.IntN(4) == 0 {
			n := rng.IntN(len(want) + 1)
			v, err := b.View(n)
			if err != nil {
				t.Fatalf("View(%d) of %d: %v", n, len(want), err)
			}
			wantBytes(t, "View", v, want[:n])
		}
		k := rng.IntN(len(want) + 1)
		b.Discard(k)
		want = want[k:]
	}
	b.Discard(len(want))
	l.want(t, 0)
}

func lendInOrder(t T, f *Fixture) {
	l := newLender()
	b := f.open(t, Options{Limit: 20_000, Lender: l})
	rng := rand.New(rand.NewPCG(25, 25))
	var want []byte
	for i := range 200 {
		p := pattern(1+rng.IntN(600), uint64(i))
		switch {
		case rng.IntN(2) == 0:
			if l.lend(f, b, p) {
				want = append(want, p...)
			}
		default:
			want = append(want, p[:putOnce(b, p)]...)
		}
		wantUnread(t, b, want)
		if rng.IntN(3) == 0 {
			k := rng.IntN(len(want) + 1)
			b.Discard(k)
			want = want[k:]
		}
	}
	b.Release()
	l.want(t, 0)
}

func lendBound(t T, f *Fixture) {
	l := newLender()
	b := f.open(t, Options{Limit: 1000, Lender: l, MaxLent: 3})
	if l.lend(f, b, make([]byte, b.Limit()+1)) {
		t.Errorf("Lend took more than Limit")
	}
	for i := range 5 {
		if got := l.lend(f, b, make([]byte, 10)); got != (i < 3) {
			t.Errorf("Lend number %d of MaxLent 3: %v", i, got)
		}
	}
	wantUnread(t, b, make([]byte, 30))
	b.Discard(10)
	if !l.lend(f, b, make([]byte, b.Limit()-b.Len())) || b.Len() != b.Limit() {
		t.Errorf("Lend of all that Limit leaves: Len %d of %d", b.Len(), b.Limit())
	}
	if l.lend(f, b, make([]byte, 1)) {
		t.Errorf("Lend took more than Limit")
	}
	b.Release()
	l.want(t, 0)
	if b := f.open(t, Options{Limit: 1000}); f.Lend(b, make([]byte, 1), 0) {
		t.Errorf("Lend without a Lender took a segment")
	}
}

func lendHandover(t T, f *Fixture) {
	l := newLender()
	src := f.open(t, Options{Limit: 5000, Lender: l})
	dst := f.open(t, Options{Limit: 5000, Lender: newLender()})
	var want []byte
	for i := range 4 {
		p := pattern(700, uint64(i))
		if !l.lend(f, src, p) {
			t.Fatalf("Lend at Len %d: not taken", src.Len())
		}
		want = append(want, p...)
	}
	src.Discard(100)
	want = want[100:]
	if n := f.Move(dst, src); n != len(want) {
		t.Fatalf("MoveFrom moved %d bytes, want %d", n, len(want))
	}
	src.Release()
	l.want(t, 4)
	wantUnread(t, dst, want)
	dst.Discard(600)
	l.want(t, 3)
	dst.Release()
	l.want(t, 0)
}
