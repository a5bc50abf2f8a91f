package bufstrategytest

import (
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

func watermarkCases() []Case {
	return []Case{
		{
			ID: "watermark/one-call-a-crossing", Doc: "bufstrategy.Watcher.Crossed",
			Rule:    "Crossed is called exactly once per crossing: with true when Len reaches the high watermark, with false when it falls to the low one.",
			Source:  "a callback on each write above the watermark, and none when Len falls: netpoll",
			Needs:   []Feature{Watches},
			Run:     oneCallACrossing,
			Refused: watcherRefused,
		}, {
			ID: "watermark/state-in-call", Doc: "bufstrategy.Watcher.Crossed",
			Rule:    "The buffer method that crosses the watermark calls Crossed, on the goroutine of its caller, after everything else that it does.",
			Needs:   []Feature{Watches},
			Run:     stateInCall,
			Refused: watcherRefused,
		}, {
			ID: "watermark/release", Doc: "bufstrategy.Watcher.Crossed",
			Rule:  "Release of a paused buffer is also a crossing.",
			Needs: []Feature{Watches},
			Run: func(t T, f *Fixture) {
				w := &crossings{}
				b := f.open(t, Options{Limit: 100, High: 60, Low: 20, Watcher: w})
				b.Release()
				put(t, b, make([]byte, 60))
				b.Release()
				b.Release()
				put(t, b, make([]byte, 60))
				w.want(t, true, false, true)
			},
			Refused: watcherRefused,
		}, {
			ID: "watermark/handover", Doc: "bufstrategy.Watcher.Crossed",
			Rule:  "MoveFrom changes both sides before it calls the Watcher of either.",
			Needs: []Feature{Watches, HandsOver},
			Run:   watermarkHandover,
		},
	}
}

// crossings is a Watcher that records its calls, and inspects the buffers during each.
type crossings struct {
	paused []bool
	look   func(b bufstrategy.Buffer, paused bool)
}

func (c *crossings) Crossed(b bufstrategy.Buffer, paused bool) {
	c.paused = append(c.paused, paused)
	if c.look != nil {
		c.look(b, paused)
	}
}

func (c *crossings) want(t T, want ...bool) {
	t.Helper()
	if !slices.Equal(c.paused, want) {
		t.Errorf("got crossings %v, want %v", c.paused, want)
	}
}

func oneCallACrossing(t T, f *Fixture) {
	w := &crossings{}
	b := f.open(t, Options{Limit: 1000, High: 600, Low: 200, Watcher: w})
	rng := rand.New(rand.NewPCG(19, 19))
	var want []bool
	paused := false
	step := func(what string) {
		switch n := b.Len(); {
		case !paused && n >= 600, paused && n <= 200:
			paused = !paused
			want = append(want, paused)
		}
		if !slices.Equal(w.paused, want) {
			t.Fatalf("after %s at Len %d: got crossings %v, want %v", what, b.Len(), w.paused, want)
		}
	}
	for range 600 {
		put(t, b, make([]byte, min(rng.IntN(500), b.Limit()-b.Len())))
		step("Commit")
		b.Segments()
		b.Discard(rng.IntN(b.Len() + 1))
		step("Discard")
		b.Trim()
		step("Trim")
	}
	if len(want) < 20 {
		t.Errorf("%d crossings, want at least 20", len(want))
	}
}

func stateInCall(t T, f *Fixture) {
	w := &crossings{}
	length := 0
	w.look = func(b bufstrategy.Buffer, paused bool) {
		if b.Len() != length || b.Paused() != paused || b.Limit() < 1000 || b.Stats().Resident < length {
			t.Errorf("in Crossed(%v): Len %d, Paused %v, Limit %d, %+v, want Len %d", paused, b.Len(), b.Paused(), b.Limit(), b.Stats(), length)
		}
	}
	b := f.open(t, Options{Limit: 1000, High: 600, Low: 200, Watcher: w})
	for range 3 {
		for b.Len() < 600 {
			n := min(sum(b.Space()), 70)
			if n == 0 {
				t.Fatalf("no space at Len %d of Limit %d", b.Len(), b.Limit())
			}
			length = b.Len() + n
			b.Commit(n)
		}
		for b.Len() > 200 {
			length = b.Len() - 70
			b.Discard(70)
		}
		length = 0
		b.Release()
	}
	w.want(t, true, false, true, false, true, false)
}

func watermarkHandover(t T, f *Fixture) {
	var from, to bufstrategy.Buffer
	look := func(b bufstrategy.Buffer, paused bool) {
		if from == nil || to == nil {
			return
		}
		if from.Len() != 0 || to.Len() != 700 || from.Paused() || !to.Paused() {
			t.Errorf("in Crossed(%v): %d bytes on one side, paused %v, and %d on the other, paused %v", paused,
				from.Len(), from.Paused(), to.Len(), to.Paused())
		}
	}
	a, b := &crossings{}, &crossings{}
	src := f.open(t, Options{Limit: 1000, High: 600, Low: 200, Watcher: a})
	dst := f.open(t, Options{Limit: 1000, High: 600, Low: 200, Watcher: b})
	put(t, src, make([]byte, 700))
	from, to = src, dst
	a.look, b.look = look, look
	if n := f.Move(dst, src); n != 700 {
		t.Fatalf("MoveFrom moved %d bytes, want 700", n)
	}
	f.Move(dst, src)
	a.want(t, true, false)
	b.want(t, true)
}

func watcherRefused(t T, f *Fixture) {
	if _, err := f.New(Options{Limit: 100, Watcher: &crossings{}}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("new buffer with a Watcher: %v, want errors.ErrUnsupported", err)
	}
}
