package bufstrategytest

import (
	"bytes"
	"errors"
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/memory"
)

func budgetCases() []Case {
	return []Case{
		{
			ID: "budget/refused-and-nothing-lost", Doc: "memory.Budget",
			Rule: "At the bound, memory is refused and nothing is lost. Space offers the room that its buffer already has, or nothing, " +
				"which Fill reports as Full with ErrExhausted. A View that would have to copy returns ErrExhausted.",
			Source:  "one slow reader must not take the memory of a process: gnet #423",
			Needs:   []Feature{Budgets},
			Run:     budgetRefused,
			Refused: budgetUnsupported,
		}, {
			ID: "budget/holds-what-is-resident", Doc: "memory.Budget",
			Rule:    "A budget counts resident bytes: the arrays of buffers and the blocks of pools, including those that a Pool keeps for reuse.",
			Needs:   []Feature{Budgets},
			Run:     budgetHoldsResident,
			Refused: budgetUnsupported,
		}, {
			ID: "budget/never-beyond", Doc: "memory.Budget",
			Rule:    "Used never exceeds Limit, not even briefly.",
			Needs:   []Feature{Budgets},
			Run:     budgetNeverBeyond,
			Refused: budgetUnsupported,
		}, {
			ID: "budget/given-back", Doc: "bufstrategy.Ring.Release",
			Rule:    "Release forgets the unread bytes and gives back all memory.",
			Needs:   []Feature{Budgets},
			Run:     budgetGivenBack,
			Refused: budgetUnsupported,
		},
	}
}

// budgetOf makes a budget that is enough for about n buffers of the requested Limit.
func budgetOf(t T, f *Fixture, limit, n int) *memory.Budget {
	t.Helper()
	b := f.open(t, Options{Limit: limit}) // for its actual limit
	g, err := memory.NewBudget(memory.BudgetOptions{Limit: n * max(b.Limit(), 1<<14)})
	if err != nil {
		t.Fatalf("new budget: %v", err)
	}
	return g
}

func budgetRefused(t T, f *Fixture) {
	const limit = 20_000
	g := budgetOf(t, f, limit, 4)
	var bs []bufstrategy.Buffer
	var want [][]byte
	data := pattern(1<<20, 20)
	refused := false
	for i := range 50 {
		b := f.open(t, Options{Limit: limit, Budget: g})
		src := &socket{data: data[i:], arrived: b.Limit()}
		o, n, err := f.fill(b, src, 0)
		if o != bufstrategy.Full && o != bufstrategy.Drained || err != nil && !errors.Is(err, bufstrategy.ErrExhausted) {
			t.Fatalf("Fill: %v, %v", o, err)
		}
		refused = refused || o == bufstrategy.Full && errors.Is(err, bufstrategy.ErrExhausted)
		bs = append(bs, b)
		want = append(want, data[i:i+n])
	}
	if !refused {
		t.Errorf("50 buffers were filled on a budget of 4: %+v", g.Stats())
	}
	for i, b := range bs {
		v, err := b.View(len(want[i]))
		if err != nil && !errors.Is(err, bufstrategy.ErrExhausted) || err == nil && !bytes.Equal(v, want[i]) {
			t.Errorf("View at the bound: wrong bytes, or %v", err)
		}
		wantUnread(t, b, want[i])
		b.Release()
	}
	put(t, bs[49], data[:limit/2])
	wantUnread(t, bs[49], data[:limit/2])
}

func budgetHoldsResident(t T, f *Fixture) {
	const limit = 5000
	g := budgetOf(t, f, limit, 50)
	rng := rand.New(rand.NewPCG(21, 21))
	bs := make([]bufstrategy.Buffer, 5)
	for i := range bs {
		bs[i] = f.open(t, Options{Limit: limit, Budget: g})
	}
	for range 400 {
		b := bs[rng.IntN(len(bs))]
		putOnce(b, make([]byte, rng.IntN(b.Limit())))
		if _, err := b.View(b.Len()); err != nil {
			t.Fatalf("View: %v", err)
		}
		b.Discard(rng.IntN(b.Len() + 1))
		resident := 0
		for _, b := range bs {
			resident += b.Stats().Resident
		}
		if used := g.Stats().Used; used < resident {
			t.Fatalf("%d bytes are resident, and %d of the budget are used", resident, used)
		}
	}
}

func budgetNeverBeyond(t T, f *Fixture) {
	const limit = 5000
	g := budgetOf(t, f, limit, 1)
	var ms []*model
	for i := range 8 {
		c := Options{Limit: limit, Budget: g}
		m := newModel(f.open(t, c), c)
		m.next = byte(i * 30)
		ms = append(ms, m)
	}
	const seed = 22
	rng := rand.New(rand.NewPCG(seed, seed))
	for i := range 3000 {
		k := rng.IntN(len(ms))
		if what, err := ms[k].step(rng.IntN); err != nil {
			t.Fatalf("seed %d, step %d: buffer %d, %s: %v", seed, i, k, what, err)
		}
	}
	if s := g.Stats(); s.PeakUsed > g.Limit() || s.PeakUsed < limit {
		t.Errorf("%+v of Limit %d", s, g.Limit())
	}
}

func budgetGivenBack(t T, f *Fixture) {
	const limit = 5000
	g := budgetOf(t, f, limit, 10)
	b := f.open(t, Options{Limit: limit, Budget: g})
	for range 3 {
		scatter(t, b)
		if _, err := b.View(b.Limit()); err != nil {
			t.Fatalf("View: %v", err)
		}
		if g.Stats().Used < limit {
			t.Errorf("%d bytes of the budget are used by %d", g.Stats().Used, b.Len())
		}
		b.Release()
		if s := g.Stats(); s.Used != 0 {
			t.Fatalf("after Release: %+v", s)
		}
	}
}

func budgetUnsupported(t T, f *Fixture) {
	g, err := memory.NewBudget(memory.BudgetOptions{Limit: 1})
	if err != nil {
		t.Fatalf("new budget: %v", err)
	}
	if _, err := f.New(Options{Limit: 100, Budget: g}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("new buffer with a budget: %v, want errors.ErrUnsupported", err)
	}
}
