package pool

import (
	"runtime"
	"slices"
	"sync"

	"github.com/edgewise-go/edgewise/bufstrategy/internal/poison"
)

const (
	// canaryBytes is the size of the area before and after each block of a guarded Pool that must
	// stay intact. It keeps the alignment of blocks to the lines of the processor's cache.
	canaryBytes = 64

	canary = 0xC5

	// stackMax bounds the frames of a stack, including the frames of this package.
	stackMax = 24

	// livesMax is the number of most recent uses of a block whose stacks are kept. It is odd,
	// because the life numbers of a Block are odd.
	livesMax = 3
)

// guards is the debug mode of a Pool.
type guards struct {
	report func(*Misuse)

	mu sync.Mutex // guards the guard of every block; not held during a report
}

// guard is the record of one block.
type guard struct {
	raw   []byte // the block with the areas around it
	lives [livesMax]life
	life  uint32 // the most recent one
	back  bool   // the block was returned
}

// life is one use of a block, from take to release.
type life struct {
	number          uint32
	taken, released trace
}

type trace struct {
	n   int
	pcs [stackMax]uintptr
}

// skipFrames skips runtime.Callers, here, and the method of guards.
const skipFrames = 3

func (t *trace) here() { t.n = runtime.Callers(skipFrames, t.pcs[:]) }

func (t *trace) stack() []uintptr { return slices.Clone(t.pcs[:t.n]) }

// of returns the record of one life of the block, or nil if it was too long ago.
func (g *guard) of(number uint32) *life {
	if l := &g.lives[number%livesMax]; l.number == number {
		return l
	}
	return nil
}

// block returns a fresh guarded block of size bytes.
func (g *guards) block(size int) *Block {
	raw := make([]byte, canaryBytes+size+canaryBytes)
	end := canaryBytes + size
	fillWith(raw[:canaryBytes], canary)
	fillWith(raw[end:], canary)
	return &Block{Buf: raw[canaryBytes:end:end], guard: &guard{raw: raw}}
}

// lend records that a block is handed out, before its user gets it.
func (g *guards) lend(b *Block) {
	m := g.check(b)
	g.mu.Lock()
	l := b.guard
	l.life, l.back = b.life.Add(1), false
	now := &l.lives[l.life%livesMax]
	*now = life{number: l.life}
	now.taken.here()
	g.mu.Unlock()
	g.tell(m)
}

// reclaim records that a block comes back. It reports false for a block that had come back already.
func (g *guards) reclaim(b *Block) bool {
	var at trace
	at.here()
	g.mu.Lock()
	l := b.guard
	now := l.of(l.life)
	if l.back {
		m := now.misuse(ReleasedTwice, b, at)
		g.mu.Unlock()
		g.tell(m)
		return false
	}
	l.back = true
	now.released = at
	var m *Misuse
	if i := l.outside(); i >= 0 {
		m = now.misuse(WrittenOutside, b, at)
		m.Offset = i - canaryBytes
		l.mend()
	}
	poison.Fill(b.Buf)
	g.mu.Unlock()
	g.tell(m)
	return true
}

// check inspects a block that is not in use. A fresh block is always intact.
func (g *guards) check(b *Block) *Misuse {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := b.guard
	if !l.back {
		return nil
	}
	kind := WrittenAfterRelease
	i := firstOther(b.Buf, poison.Byte) + canaryBytes
	if i < canaryBytes {
		kind = WrittenOutside
		if i = l.outside(); i < 0 {
			return nil
		}
	}
	var at trace
	at.here()
	m := l.of(l.life).misuse(kind, b, at)
	m.Offset = i - canaryBytes
	l.mend()
	poison.Fill(b.Buf)
	return m
}

// stale reports the misuse of an old Block.
func (g *guards) stale(kind Kind, b Handle) {
	g.mu.Lock()
	var at trace
	at.here()
	m := b.of.guard.of(b.life).misuse(kind, b.of, at)
	g.mu.Unlock()
	g.tell(m)
}

func (l *life) misuse(kind Kind, b *Block, found trace) *Misuse {
	m := &Misuse{Kind: kind, Size: len(b.Buf), Found: found.stack()}
	if l != nil {
		m.Taken, m.Released = l.taken.stack(), l.released.stack()
	}
	return m
}

func (g *guards) tell(m *Misuse) {
	if m != nil {
		g.report(m)
	}
}

// outside returns the position of an overwritten byte around the block, or -1.
func (l *guard) outside() int {
	if i := firstOther(l.raw[:canaryBytes], canary); i >= 0 {
		return i
	}
	end := len(l.raw) - canaryBytes
	if i := firstOther(l.raw[end:], canary); i >= 0 {
		return end + i
	}
	return -1
}

// mend restores the areas around the block, so that one write is reported once.
func (l *guard) mend() {
	fillWith(l.raw[:canaryBytes], canary)
	fillWith(l.raw[len(l.raw)-canaryBytes:], canary)
}

func fillWith(p []byte, c byte) {
	for i := range p {
		p[i] = c
	}
}

// firstOther returns the position of the first byte other than c, or -1.
func firstOther(p []byte, c byte) int {
	return slices.IndexFunc(p, func(b byte) bool { return b != c })
}
