package bufstrategy

import "testing"

func TestFillAndFlushAllocateNothing(t *testing.T) {
	for name, b := range everyStrategy(t) {
		src, dst := &endless{n: 3000}, &endless{n: 2000}
		round := func() {
			if o, _, err := Fill(b, src, 0); o == Failed {
				t.Fatal(err)
			}
			_ = Index(b, 1)
			if _, err := b.View(b.Len()); err != nil {
				t.Fatal(err)
			}
			if o, _, err := Flush(b, dst, 0); o == Failed {
				t.Fatal(err)
			}
		}
		for range 200 {
			round()
		}
		if n := testing.AllocsPerRun(200, round); n != 0 {
			t.Errorf("%s: %v allocations per round", name, n)
		}
	}
}

func TestSharedBuffersThatTakeTurnsAllocateNothing(t *testing.T) {
	pool, err := NewPool(1<<20, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	scratch, err := NewScratch(1<<14, pool)
	if err != nil {
		t.Fatal(err)
	}
	var bs []*PerLoop
	for range 10 {
		b, err := NewPerLoop(Options{Scratch: scratch})
		if err != nil {
			t.Fatal(err)
		}
		bs = append(bs, b)
	}
	src := &endless{n: 700}
	round := func() {
		for _, b := range bs {
			if o, _, err := Fill(b, src, 0); o == Failed {
				t.Fatal(err)
			}
			b.Discard(max(0, b.Len()-100)) // leftovers for the next round
		}
	}
	for range 10 {
		round()
	}
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations per round", n)
	}
}
