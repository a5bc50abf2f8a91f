package message

import (
	"bytes"
	"testing"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/bufstrategy/internal/buftest"
	"github.com/stretchr/testify/require"
)

func TestIndexLooksAcrossSegments(t *testing.T) {
	c, err := bufstrategy.NewChain(bufstrategy.Options{Segment: 256})
	require.NoError(t, err)
	p := bytes.Repeat([]byte{'.'}, 1000)
	p[256], p[700] = 'x', 'x'
	buftest.Append(t, c, p)
	for from, want := range map[int]int{0: 256, 256: 256, 257: 700, 700: 700, 701: -1, 5000: -1} {
		if got := IndexFrom(c, from, 'x'); got != want {
			t.Errorf("IndexFrom(%d): got %d, want %d", from, got, want)
		}
	}
	if c.Stats().Copied != 0 || Index(c, '!') != -1 {
		t.Error("Index copied bytes, or found an absent byte")
	}
}

func FuzzIndexBytes(f *testing.F) {
	f.Add([]byte("aaabaaab"), []byte("aab"), []byte{1, 2}, uint16(1))
	f.Add([]byte("\r\r\n\r\n"), []byte("\r\n\r\n"), []byte{1}, uint16(0))
	f.Fuzz(func(t *testing.T, data, sep, cuts []byte, from uint16) {
		if len(sep) == 0 {
			return
		}
		segs := cut(data, cuts)
		want := -1
		if k := int(from); k <= len(data) {
			if want = bytes.Index(data[k:], sep); want >= 0 {
				want += k
			}
		}
		if got := indexBytes(segs, int(from), sep); got != want {
			t.Errorf("%q from %d in %q: %d, want %d", sep, from, segs, got, want)
		}
		if got, want := index(segs, 0, sep[0]), bytes.IndexByte(data, sep[0]); got != want {
			t.Errorf("%q in %q: %d, want %d", sep[0], segs, got, want)
		}
	})
}

// cut divides p into segments whose sizes cycle through cuts. No segment is empty.
func cut(p, cuts []byte) (segs [][]byte) {
	for i := 0; len(p) > 0; i++ {
		k := len(p)
		if len(cuts) > 0 {
			k = min(k, 1+int(cuts[i%len(cuts)]))
		}
		segs = append(segs, p[:k:k])
		p = p[k:]
	}
	return segs
}

// The test tries every separator of up to four letters in every text of up to nine, both from an
// alphabet of two. It splits each text into segments of every small size.
func TestIndexBytesEverywhere(t *testing.T) {
	for n := range 10 {
		for text := range 1 << n {
			data := letters(text, n)
			for m := 1; m <= 4; m++ {
				for sep := range 1 << m {
					s := letters(sep, m)
					want := bytes.Index(data, s)
					for size := range byte(4) {
						if got := indexBytes(cut(data, []byte{size, 0}), 0, s); got != want {
							t.Fatalf("%q in segments of %d, 1, ... of %q: %d, want %d", s, size+1, data, got, want)
						}
					}
				}
			}
		}
	}
}

func letters(bits, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = 'a' + byte(bits>>i&1)
	}
	return p
}
