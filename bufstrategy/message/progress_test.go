package message

import (
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/buftest"
	"github.com/stretchr/testify/require"
)

// A parser does not search bytes twice. Otherwise a message in many pieces costs the square of its
// length.
func TestNoByteIsSearchedTwice(t *testing.T) {
	b, err := bufstrategy.NewChain(bufstrategy.Options{Limit: 4096})
	require.NoError(t, err)
	l, h, d := Lines{}, Heads{}, Delimited{Delim: []byte("abcd")}
	for i := 1; i < 1000; i++ {
		buftest.Append(t, b, []byte("."))
		for _, f := range []Finder{&l, &h, &d} {
			if _, err := f.Find(b); err != bufstrategy.ErrShort {
				t.Fatal(err)
			}
		}
		if l.seen.from(b) != i || h.seen.from(b) != i || d.seen.from(b) != max(0, i-3) {
			t.Fatalf("of %d bytes the next search skips %d, %d, %d", i, l.seen.from(b), h.seen.from(b), d.seen.from(b))
		}
	}
}
