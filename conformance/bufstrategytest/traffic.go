package bufstrategytest

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// pattern returns n bytes that do not repeat with any period that a buffer might have.
func pattern(n int, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	p := make([]byte, 0, n+8)
	for len(p) < n {
		p = binary.LittleEndian.AppendUint64(p, rng.Uint64())
	}
	return p[:n:n]
}

// put commits all of p, with as many Spaces as it takes.
func put(t T, b bufstrategy.Buffer, p []byte) {
	t.Helper()
	for len(p) > 0 {
		n := putOnce(b, p)
		if n == 0 {
			t.Fatalf("no space for %d more bytes at Len %d of Limit %d", len(p), b.Len(), b.Limit())
		}
		p = p[n:]
	}
}

// putOnce commits as much of p as one Space takes.
func putOnce(b bufstrategy.Buffer, p []byte) int {
	n := 0
	for _, s := range b.Space() {
		n += copy(s, p[n:])
	}
	b.Commit(n)
	return n
}

func join(segs [][]byte) []byte { return bytes.Join(segs, nil) }

// appendFirst appends the first n bytes of segs to p.
func appendFirst(p []byte, segs [][]byte, n int) []byte {
	for _, s := range segs {
		k := min(len(s), n)
		p = append(p, s[:k]...)
		n -= k
	}
	return p
}

func sum(segs [][]byte) int {
	n := 0
	for _, s := range segs {
		n += len(s)
	}
	return n
}

// wantUnread ends the case unless b holds want.
func wantUnread(t T, b bufstrategy.Buffer, want []byte) {
	t.Helper()
	if b.Len() != len(want) {
		t.Fatalf("Len is %d, want %d", b.Len(), len(want))
	}
	wantBytes(t, "Segments", join(b.Segments()), want)
}

func wantBytes(t T, what string, got, want []byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d bytes, want %d", what, len(got), len(want))
	}
	if bytes.Equal(got, want) {
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: byte %d of %d is %#x, want %#x", what, i, len(want), got[i], want[i])
		}
	}
}

// scatter fills b such that its first byte is not at the start of its memory, and returns its
// contents, Limit bytes.
func scatter(t T, b bufstrategy.Buffer) []byte {
	t.Helper()
	n := b.Limit()
	p := pattern(2*n, 3)
	put(t, b, p[:n])
	k := n - n/3
	b.Discard(k)
	put(t, b, p[n:n+k])
	return p[k : n+k]
}

func wantPanic(t T, what string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if recover() == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	f()
}
