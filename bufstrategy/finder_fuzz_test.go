package bufstrategy

import (
	"bytes"
	"testing"
)

// fuzzNames are the strategies that do not map memory for each run.
var fuzzNames = []string{"fixed", "grow", "ring", "chain", "perloop"}

// fuzzFinder lets the fuzzer choose the strategy, the bounds, the start position, the data and its
// pieces.
func fuzzFinder(f *testing.F, make func(most int, mode uint8, delim []byte) (Finder, reference)) {
	for i, data := range []string{
		"line\nline\r\n\r\r\n\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest", "a: b\n\n\r\n", "\x03abc\x00\x01x\x00\x00\x00\x02yy",
		"\x83\x80\x00abc\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "aab;aaab;;ab",
	} {
		f.Add(uint8(i), uint16(40*i), uint16(7*i), uint16(i), uint8(i), []byte("ab"), []byte(data), []byte{1, 2, 3})
	}
	f.Fuzz(func(t *testing.T, strategy uint8, limit, at, most uint16, mode uint8, delim, data, pieces []byte) {
		b := place(t, fuzzNames[int(strategy)%len(fuzzNames)], 1+int(limit)%1500, int(at))
		finder, want := make(int(most)%2000, mode, delim)
		if finder == nil {
			return
		}
		i := 0
		checkFinder(t, b, finder, want, int(most)%2000, data, func() int {
			if len(pieces) == 0 {
				return 1
			}
			i++
			return int(pieces[i%len(pieces)])
		})
	})
}

func FuzzLines(f *testing.F) {
	fuzzFinder(f, func(most int, _ uint8, _ []byte) (Finder, reference) { return &Lines{Max: most}, lineReference })
}

func FuzzHeads(f *testing.F) {
	fuzzFinder(f, func(most int, _ uint8, _ []byte) (Finder, reference) { return &Heads{Max: most}, headReference })
}

func FuzzDelimited(f *testing.F) {
	fuzzFinder(f, func(most int, _ uint8, delim []byte) (Finder, reference) {
		if len(delim) == 0 {
			return nil, nil
		}
		return &Delimited{Delim: delim, Max: most}, delimReference(delim)
	})
}

func FuzzFrames(f *testing.F) {
	fuzzFinder(f, func(most int, mode uint8, _ []byte) (Finder, reference) {
		frames := Frames{Width: int(mode % 9), LittleEndian: mode&64 != 0, Inclusive: mode&128 != 0, Max: most}
		return &frames, frameReference(frames)
	})
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
