package pool

import (
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/poison"
)

// guarded returns a guarded Pool, and a function that checks for exactly one misuse since its last
// call.
func guarded(t *testing.T, o Options) (*Pool, func(kind Kind, offset int, taken, released, found string)) {
	t.Helper()
	var got []*Misuse
	o.Guard, o.Report = true, func(m *Misuse) { got = append(got, m) }
	return newPool(t, o), func(kind Kind, offset int, taken, released, found string) {
		t.Helper()
		if len(got) != 1 {
			t.Fatalf("%d misuses reported, want 1: %v", len(got), got)
		}
		m := got[0]
		got = nil
		if m.Kind != kind || m.Offset != offset || m.Size == 0 {
			t.Errorf("%v of %d bytes at %d, want %v at %d", m.Kind, m.Size, m.Offset, kind, offset)
		}
		for _, at := range []struct {
			what, want string
			where      []uintptr
		}{{"taken", taken, m.Taken}, {"released", released, m.Released}, {"found", found, m.Found}} {
			text := StackText(at.where)
			if at.want == "" && len(at.where) > 0 || !strings.Contains(text, at.want) || len(at.where) > stackMax {
				t.Errorf("%s at\n%s, want %q in at most %d frames", at.what, text, at.want, stackMax)
			}
		}
	}
}

// Functions to find in stacks.
func takeHere(t testing.TB, from lender) Handle { return mustTake(t, from, 1000) }
func releaseHere(b Handle)                      { b.Release() }
func releaseAgainHere(b Handle)                 { b.Release() }
func bytesHere(b Handle) []byte                 { return b.Bytes() }
func trimHere(p *Pool)                          { p.Trim() }

func TestGuardFindsWritesOutside(t *testing.T) {
	p, want := guarded(t, Options{Limit: 4096, Keep: 1024})
	for _, offset := range []int{-canaryBytes, -1, 1024, 1024 + canaryBytes - 1} {
		b := takeHere(t, p)
		*(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b.of.guard.raw)), canaryBytes+offset)) ^= 1
		releaseHere(b)
		want(WrittenOutside, offset, "takeHere", "releaseHere", "releaseHere")
	}
	b := takeHere(t, p)
	releaseHere(b)
	b.of.guard.raw[5] = 1
	trimHere(p)
	want(WrittenOutside, 5-canaryBytes, "takeHere", "releaseHere", "trimHere")

	// The whole block may be written, up to its capacity.
	b = takeHere(t, p)
	fillWith(b.Bytes()[:cap(b.Bytes())], 7)
	b.Release()
	p.Trim()
	if s := p.Stats(); s.Lent != 0 || s.Kept != 0 {
		t.Errorf("%+v", s)
	}
}

func TestGuardFindsASecondRelease(t *testing.T) {
	p, want := guarded(t, Options{Limit: 1024, Keep: 1024})
	c := newMagazine(t, p, 1024)
	b := takeHere(t, p)
	releaseHere(b)
	releaseAgainHere(b)
	want(ReleasedTwice, 0, "takeHere", "releaseHere", "releaseAgainHere")
	if bytesHere(b) != nil {
		t.Error("Bytes returned memory after Release")
	}
	want(UsedAfterRelease, 0, "takeHere", "releaseHere", "bytesHere")
	c.Put(b)
	want(ReleasedTwice, 0, "takeHere", "releaseHere", "Put")

	// The memory meanwhile has another user.
	other := mustTake(t, p, 1000)
	releaseAgainHere(b)
	want(ReleasedTwice, 0, "takeHere", "releaseHere", "releaseAgainHere")
	other.Release()
	other = mustTake(t, p, 1000)
	releaseAgainHere(b)
	want(ReleasedTwice, 0, "takeHere", "releaseHere", "releaseAgainHere")
	for range livesMax {
		other.Release()
		other = mustTake(t, p, 1000)
	}
	releaseAgainHere(b)
	want(ReleasedTwice, 0, "", "", "releaseAgainHere")
	if s := p.Stats(); s.Lent != 1024 || s.Kept != 0 {
		t.Errorf("memory returned twice: %+v", s)
	}
	// A buffer that returns a block twice is a bug of this package. The guard finds it as well as
	// misuse by programs.
	other.Release()
	p.PutBlock(other.of)
	want(ReleasedTwice, 0, "TestGuardFindsASecondRelease", "TestGuardFindsASecondRelease", "PutBlock")
}

func TestGuardFindsWritesAfterRelease(t *testing.T) {
	for _, from := range []string{"pool", "cache"} {
		t.Run(from, func(t *testing.T) {
			p, want := guarded(t, Options{Limit: 8192, Keep: 8192})
			var of lender = p
			release := releaseHere
			found := "Trim"
			if from == "cache" {
				c := newMagazine(t, p, 8192)
				of, release = c, func(b Handle) { c.Put(b) }
				trim := c.Trim
				defer trim()
				found = "Take"
			}
			b := takeHere(t, of)
			kept := b.Bytes()
			fillWith(kept, 1)
			release(b)
			if firstOther(kept, poison.Byte) >= 0 {
				t.Error("released memory is not overwritten")
			}
			kept[17] = 1
			takeHere(t, of).Release()
			want(WrittenAfterRelease, 17, "takeHere", "TestGuardFindsWritesAfterRelease", "takeHere")

			b = takeHere(t, of)
			kept = b.Bytes()[:1024]
			release(b)
			kept[1023]++
			if from == "pool" {
				trimHere(p)
			} else {
				_ = mustTake(t, of, 1000)
			}
			want(WrittenAfterRelease, 1023, "takeHere", "TestGuardFindsWritesAfterRelease", found)
		})
	}
}

// Kept blocks are reused in the order of their return, which leaves more time to detect a write.
func TestAGuardedPoolLendsTheOldest(t *testing.T) {
	p, _ := guarded(t, Options{Limit: 4096, Keep: 4096})
	held := takeMany(t, p, 4, 1000)
	for _, b := range held {
		b.Release()
	}
	for i, old := range held {
		if b := mustTake(t, p, 1000); b.of != old.of {
			t.Errorf("block %d is not reused in the order of return", i)
		}
	}
}

// Of many goroutines that release the same Block, exactly one succeeds.
func TestGuardFindsASecondReleaseAmongGoroutines(t *testing.T) {
	var mu sync.Mutex
	reports := 0
	p := newPool(t, Options{Limit: 1024, Keep: 1024, Guard: true, Report: func(m *Misuse) {
		mu.Lock()
		defer mu.Unlock()
		reports++
	}})
	for range 100 {
		b := mustTake(t, p, 10)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(b.Release)
		}
		wg.Wait()
	}
	if s := p.Stats(); reports != 300 || s.Lent != 0 || s.Kept != 256 {
		t.Errorf("%d reports, want 300; %+v", reports, s)
	}
}

func TestBoundAndHitRateOfAGuardedPoolUnderManyGoroutines(t *testing.T) {
	const share = 64 << 10
	p := newPool(t, Options{Limit: 2 * soakers * share, Keep: 2 * soakers * share, Guard: true, Report: func(m *Misuse) { t.Error(m) }})
	soak(t, p, share, func() hand {
		c, err := p.NewMagazine(share / 2)
		if err != nil {
			t.Error(err)
		}
		return hand{c, func(b Handle) { c.Put(b) }, c.Tick, c.Close}
	})
	if s := p.Stats(); s.Lent != 0 || s.Cached != 0 || s.Refused != 0 {
		t.Errorf("after all blocks were released: %+v", s)
	}
}
