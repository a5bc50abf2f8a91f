package bufstrategy

import "io"

// put appends p to b, and returns how many bytes fit. The error is the reason if not all fit.
func put[P []byte | string](b Buffer, p P) (int, error) {
	n := 0
	for n < len(p) {
		segs := b.Space()
		if len(segs) == 0 {
			if b.Len() < b.Limit() {
				return n, ErrExhausted
			}
			return n, io.ErrShortBuffer
		}
		k := 0
		for _, s := range segs {
			k += copy(s, p[n+k:])
		}
		b.Commit(k)
		n += k
	}
	return n, nil
}
