package message

import (
	"bytes"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// IndexBytes returns the position of the first sep among the unread bytes of b, or -1. It consumes
// and copies nothing. It finds sep even across segments. IndexBytes panics if sep is empty.
func IndexBytes(b bufstrategy.Buffer, sep []byte) int { return IndexBytesFrom(b, 0, sep) }

// IndexBytesFrom is like IndexBytes, but finds only a sep that starts at or after position from. A
// caller that found none resumes len(sep)-1 bytes before the end of the bytes searched, because
// part of a sep may have arrived. The result counts from the first unread byte. IndexBytesFrom
// panics if from is negative or sep is empty. Beyond Len it returns -1.
func IndexBytesFrom(b bufstrategy.Buffer, from int, sep []byte) int {
	if from < 0 || len(sep) == 0 {
		panic("message: IndexBytesFrom: negative position or empty sep")
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
		// A sep that starts too late to end in s may end in the segments after it.
		for i := max(skip, len(s)-len(sep)+1); i < len(s); i++ {
			if beginsWith(segs[k:], i, sep) {
				return at + i
			}
		}
		at += len(s)
	}
	return -1
}

// beginsWith reports whether sep is at position from, which lies in the first of segs.
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

// byteAt returns the byte at position i of segs, which hold more than i bytes.
func byteAt(segs [][]byte, i int) byte {
	for _, s := range segs {
		if i < len(s) {
			return s[i]
		}
		i -= len(s)
	}
	panic("message: position beyond the segments")
}
