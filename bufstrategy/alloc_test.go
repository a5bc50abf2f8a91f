package bufstrategy

import (
	"io"
	"runtime"
	"testing"
	"unsafe"
)

type blocked struct{}

func (blocked) Error() string    { return "would block" }
func (blocked) WouldBlock() bool { return true }

// errBlocked is allocated once, so that returning it allocates nothing.
var errBlocked error = blocked{}

// endless is a socket that alternates between n bytes and would-block, and accepts as many bytes in
// the same way.
type endless struct{ n, left int }

func (e *endless) TryReadv(segs [][]byte) (int, error)  { return e.move(segs) }
func (e *endless) TryWritev(segs [][]byte) (int, error) { return e.move(segs) }

func (e *endless) move(segs [][]byte) (int, error) {
	if e.left == 0 {
		e.left = e.n
		return -1, errBlocked
	}
	n := 0
	for _, s := range segs {
		n += min(len(s), e.left-n)
	}
	e.left -= n
	return n, nil
}

// everyStrategy returns one buffer of each strategy.
func everyStrategy(t testing.TB) map[string]Buffer {
	t.Helper()
	all := map[string]Buffer{}
	for _, name := range Names() {
		pool, err := NewPool(1<<20, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		scratch, err := NewScratch(1<<16, pool)
		if err != nil {
			t.Fatal(err)
		}
		all[name], err = ByName(name, Options{Pool: pool, Scratch: scratch, Segment: 4 << 10})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

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

func TestAnIdleSharedIsAtMost64Bytes(t *testing.T) {
	if n := unsafe.Sizeof(PerLoop{}); n > 64 {
		t.Errorf("size of a PerLoop: %d bytes", n)
	}
	const conns = 100_000
	pool, err := NewPool(256<<20, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	scratch, err := NewScratch(1<<16, pool)
	if err != nil {
		t.Fatal(err)
	}
	bs := make([]Buffer, conns)
	before := heap()
	for i := range bs {
		if bs[i], err = NewPerLoop(Options{Scratch: scratch}); err != nil {
			t.Fatal(err)
		}
	}
	// A burst leaves leftovers in every buffer, and then is consumed.
	for _, b := range bs {
		if n, err := (Writer{b}).WriteString("an incomplete message"); err != nil {
			t.Fatal(n, err)
		}
	}
	if got := pool.Stats().Lent; got < (conns-1)*blockMin {
		t.Errorf("%d bytes lent, want a block for each connection except one", got)
	}
	for _, b := range bs {
		b.Discard(b.Len())
	}
	if got := pool.Stats(); got.Lent != 0 || got.Kept > 1<<20 {
		t.Errorf("after the burst: %+v", got)
	}
	pool.Trim()
	// Heap statistics count whole pages: allow for growth of the runtime itself.
	if per := float64(heap()-before) / conns; per > 80 {
		t.Errorf("%.0f bytes per idle connection", per)
	}
	runtime.KeepAlive(bs)
}

type watching struct{}

func (watching) Crossed(Buffer, bool) {}

func TestSharedsOfTheSameOptionsHaveAConfigTogether(t *testing.T) {
	pool, err := NewPool(1<<20, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	scratch, err := NewScratch(1<<14, pool)
	if err != nil {
		t.Fatal(err)
	}
	limit := 0
	open := func() *PerLoop {
		limit = limit%perLoopConfigsMax + 1
		s, err := NewPerLoop(Options{Scratch: scratch, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		if s.Limit() != limit {
			t.Errorf("Limit: got %d, want %d", s.Limit(), limit)
		}
		return s
	}
	for range perLoopConfigsMax {
		open()
	}
	if n := testing.AllocsPerRun(100, func() { open() }); n != 1 {
		t.Errorf("%v allocations for a PerLoop whose options are in use", n)
	}
	// A pointer can be compared, a function cannot.
	w := &watching{}
	for _, c := range []struct {
		watcher Watcher
		want    float64
	}{{w, 1}, {*w, 2}, {WatcherFunc(func(Buffer, bool) {}), 2}} {
		one := func() {
			if _, err := NewPerLoop(Options{Scratch: scratch, Watcher: c.watcher}); err != nil {
				t.Fatal(err)
			}
		}
		one()
		if n := testing.AllocsPerRun(100, one); n != c.want {
			t.Errorf("%v allocations for a PerLoop with a %T, want %v", n, c.watcher, c.want)
		}
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestAWrappedEndOfStreamIsTheEnd(t *testing.T) {
	b, err := NewFixed(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if o, _, err := Fill(b, answers{0, wrapped{io.EOF}}, 0); o != EOF || err != nil {
		t.Errorf("Fill: %v, %v, want eof", o, err)
	}
}

type answers struct {
	n   int
	err error
}

func (a answers) TryReadv([][]byte) (int, error)  { return a.n, a.err }
func (a answers) TryWritev([][]byte) (int, error) { return a.n, a.err }

type wrapped struct{ error }

func (w wrapped) Unwrap() error { return w.error }

func TestACountOfMoreThanWasGivenPanics(t *testing.T) {
	for name, f := range map[string]func(b Buffer){
		"source":         func(b Buffer) { _, _, _ = Fill(b, answers{20, nil}, 10) },
		"source below 0": func(b Buffer) { _, _, _ = Fill(b, answers{-1, nil}, 10) },
		"sink":           func(b Buffer) { _, _, _ = Flush(b, answers{20, nil}, 10) },
	} {
		b, err := NewFixed(Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (Writer{b}).Write(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f(b)
		}()
	}
}

func TestFlushGivesNoMoreSegmentsThanASystemCallTakes(t *testing.T) {
	b, err := NewChain(Options{Limit: 200 * blockMin, Segment: blockMin})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Writer{b}).Write(make([]byte, b.Limit())); err != nil {
		t.Fatal(err)
	}
	var most int
	o, n, err := Flush(b, sinkFunc(func(segs [][]byte) int {
		most = max(most, len(segs))
		return len(segs) * blockMin
	}), 0)
	if o != Emptied || n != 200*blockMin || err != nil || most > vectorMax {
		t.Errorf("Flush: %v, %d, %v, with up to %d segments", o, n, err, most)
	}
}

type sinkFunc func(segs [][]byte) int

func (f sinkFunc) TryWritev(segs [][]byte) (int, error) { return f(segs), nil }

// returned is a Lender that counts returns.
type returned int

func (r *returned) Return(uint32) { *r++ }

func TestLendAllocatesNothing(t *testing.T) {
	var back returned
	pool, err := NewPool(1<<20, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	open := func() *Kernel {
		k, err := NewKernel(Options{Pool: pool, Lender: &back})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	from, to := open(), open()
	p := make([]byte, 1000)
	const each = 20
	round := func() {
		for i := range each {
			if !from.Lend(p, uint32(i)) {
				t.Fatal("Lend: segment not taken")
			}
		}
		if from.Lent() != each {
			t.Fatalf("%d segments lent", from.Lent())
		}
		if n := to.MoveFrom(&from.Chain); n != each*len(p) || from.Lent() != 0 || to.Lent() != each {
			t.Fatalf("moved %d bytes; %d and %d segments lent", n, from.Lent(), to.Lent())
		}
		to.Discard(to.Len())
	}
	round()
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations per round", n)
	}
	if back != 102*each || from.Stats().Copied+to.Stats().Copied != 0 || pool.Stats().Lent != 0 {
		t.Errorf("%d segments returned; %+v; %+v", back, to.Stats(), pool.Stats())
	}
}
