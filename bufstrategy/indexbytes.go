package bufstrategy

import "bytes"

// IndexBytes returns the position of the first sep among the unread bytes of b, or -1. It consumes
// and copies nothing. IndexBytes finds sep wherever segments end. It panics when sep is empty.
func IndexBytes(b Buffer, sep []byte) int { return IndexBytesFrom(b, 0, sep) }

// IndexBytesFrom is IndexBytes for a sep that begins at position from or behind it. Who has found
// none begins the next time len(sep)-1 bytes before the end of what was there: a sep may have come
// in part. The position it returns counts from the first unread byte. IndexBytesFrom panics when
// from is negative; beyond Len it finds nothing.
func IndexBytesFrom(b Buffer, from int, sep []byte) int {
	if from < 0 || len(sep) == 0 {
		panic("bufstrategy: IndexBytesFrom a negative position, or of nothing")
	}
	return indexBytes(b.Segments(), from, sep)
}

func indexBytes(segs [][]byte, from int, sep []byte) int {
	at := 0
	for k, s := range segs {
		skip := min(max(from-at, 0), len(s))
		if i := bytes.Index(s[skip:], sep); i >= 0 {
			return at + skip + i
		}
		// What begins too late to end in s may end in the segments behind it.
		for i := max(skip, len(s)-len(sep)+1); i < len(s); i++ {
			if beginsWith(segs[k:], i, sep) {
				return at + i
			}
		}
		at += len(s)
	}
	return -1
}

// beginsWith reports whether sep stands at position from, which is in the first of segs.
func beginsWith(segs [][]byte, from int, sep []byte) bool {
	for _, s := range segs {
		s, from = s[from:], 0
		n := min(len(s), len(sep))
		if !bytes.Equal(s[:n], sep[:n]) {
			return false
		}
		if sep = sep[n:]; len(sep) == 0 {
			return true
		}
	}
	return false
}

// byteAt returns the byte at position i of segs, which have more than i bytes.
func byteAt(segs [][]byte, i int) byte {
	for _, s := range segs {
		if i < len(s) {
			return s[i]
		}
		i -= len(s)
	}
	panic("bufstrategy: a position beyond the segments")
}
