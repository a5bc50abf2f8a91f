package bufstrategy

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func newAdaptive(t *testing.T, o Options) *Adaptive {
	t.Helper()
	a, err := NewAdaptive(o)
	require.NoError(t, err)
	return a
}

// read reads at most n bytes in one read, and consumes them.
func read(t *testing.T, a *Adaptive, n int) {
	t.Helper()
	a.Space()
	if a.offered == 0 {
		t.Fatalf("no space at Len %d", a.Len())
	}
	a.Commit(min(n, a.offered))
	a.Discard(a.Len())
}

func TestAdaptiveFollowsTheReads(t *testing.T) {
	a := newAdaptive(t, Options{Limit: 10_000, Initial: 1000})
	var next []int
	note := func() {
		if n := a.Next(); len(next) == 0 || next[len(next)-1] != n {
			next = append(next, n)
		}
	}
	for range 6 {
		read(t, a, 10_000)
		note()
	}
	if want := []int{2000, 4000, 8000, 10_000}; !slices.Equal(next, want) {
		t.Errorf("after reads that fill: predicted %v, want %v", next, want)
	}
	next = nil
	for i := range 5 * calmReads {
		read(t, a, 300)
		note()
		if i == calmReads-2 && a.Next() != 10_000 {
			t.Errorf("predicted %d after %d small reads", a.Next(), i+1)
		}
	}
	if want := []int{10_000, 5000, 2500, 1250, 1000}; !slices.Equal(next, want) {
		t.Errorf("after small reads: predicted %v, want %v", next, want)
	}
	if n := a.Stats().Resident; n >= 10_000 {
		t.Errorf("%d bytes resident after the burst", n)
	}
	// A single read of half the prediction in between prevents any decrease.
	for range 5 {
		read(t, a, 10_000)
	}
	for i := range 10 * calmReads {
		n := 300
		if i%calmReads == 0 {
			n = 5000
		}
		read(t, a, n)
	}
	if n := a.Next(); n != 10_000 {
		t.Errorf("predicted %d after bursts between small reads", n)
	}
}

func TestAPredictionOfEqualReadsComesToRest(t *testing.T) {
	for n := 1; n <= 70_000; n += 1 + n/9 {
		var p Predictor
		for range 20 * calmReads {
			offered := max(64, p.next)
			p.learn(min(n, offered), offered, 64, 1<<16)
		}
		rest := p.Next()
		for range 5 * calmReads {
			p.learn(min(n, rest), rest, 64, 1<<16)
			if p.Next() != rest {
				t.Fatalf("reads of %d: predicted %d, then %d", n, rest, p.Next())
			}
		}
		if rest < min(n, 1<<16) || rest > max(64, 2*n) {
			t.Errorf("reads of %d: predicted %d", n, rest)
		}
	}
}

func TestAnAdaptiveThatIsRightCopiesAndAllocatesNothing(t *testing.T) {
	for _, n := range []int{1, 100, 4096, 5000, 30_000} {
		a := newAdaptive(t, Options{Limit: 1 << 16, Initial: 256})
		for range 20 * calmReads {
			read(t, a, n)
		}
		before := a.Stats()
		for range 1000 {
			read(t, a, n)
		}
		after := a.Stats()
		if after.Allocs != before.Allocs || after.Copied != before.Copied {
			t.Errorf("reads of %d: %+v, then %+v", n, before, after)
		}
		if got := after.Commits - before.Commits; got != 1000 {
			t.Errorf("messages of %d took %d reads, want 1000", n, got)
		}
		if after.Resident > tooLarge*max(2*n, 256) {
			t.Errorf("reads of %d: %d bytes resident", n, after.Resident)
		}
	}
}

func TestAFreshAdaptiveBeginsWithWhatItsLoopHasLearnt(t *testing.T) {
	var loop Predictor
	o := Options{Limit: 1 << 16, Initial: 1000, Predictor: &loop}
	old := newAdaptive(t, o)
	for range 10 {
		read(t, old, 1<<16)
	}
	fresh := newAdaptive(t, o)
	if n := fresh.Next(); n != 1<<16 {
		t.Errorf("predicted %d, want 65536", n)
	}
	o.Limit = 5000
	if n := newAdaptive(t, o).Next(); n != 5000 {
		t.Errorf("predicted %d with a Limit of 5000", n)
	}
	// Small reads of other connections affect the loop's prediction, but not that of a connection
	// that has started.
	for range 20 * calmReads {
		read(t, fresh, 100)
	}
	if n := loop.Next(); n != 1000 {
		t.Errorf("the loop predicts %d, want 1000", n)
	}
	if n := old.Next(); n != 1<<16 {
		t.Errorf("the first connection predicts %d", n)
	}
	old.Release()
	if n := old.Next(); n != 1000 {
		t.Errorf("after Release: predicted %d", n)
	}
}

// Room that is small because the buffer is nearly full carries no information about the traffic.
func TestAdaptiveLearnsNothingFromLittleRoom(t *testing.T) {
	a := newAdaptive(t, Options{Limit: 10_000, Initial: 1000})
	for range 3 {
		read(t, a, 10_000)
	}
	if _, err := put(a, make([]byte, 9_900)); err != nil {
		t.Fatal(err)
	}
	want := a.Next()
	for range 5 * calmReads {
		a.Discard(90)
		for len(a.Space()) > 0 {
			a.Commit(a.offered)
		}
	}
	if n := a.Next(); n != want {
		t.Errorf("predicted %d, want %d as before", n, want)
	}
}

func TestAdaptiveHoldsLittleOnTrim(t *testing.T) {
	a := newAdaptive(t, Options{Limit: 1 << 16, Initial: 256})
	for range 10 {
		read(t, a, 1<<16)
	}
	if _, err := put(a, "left over"); err != nil {
		t.Fatal(err)
	}
	a.Trim()
	if n := a.Stats().Resident; n != 256 {
		t.Errorf("%d bytes resident for 9 unread bytes", n)
	}
	a.Discard(9)
	a.Trim()
	if n := a.Stats().Resident; n != 0 {
		t.Errorf("%d bytes resident without unread bytes", n)
	}
}
