package message

import (
	"bytes"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// Index returns the position of the first delim among the unread bytes of b, or -1. It consumes and
// copies nothing.
func Index(b bufstrategy.Buffer, delim byte) int { return IndexFrom(b, 0, delim) }

// IndexFrom is like Index, but starts at position from. It is meant for a parser that has already
// searched the bytes before. Searching from 0 whenever a few bytes arrive would cost the square of
// the message size. The result counts from the first unread byte. IndexFrom panics if from is
// negative. Beyond Len it returns -1.
func IndexFrom(b bufstrategy.Buffer, from int, delim byte) int {
	if from < 0 {
		panic("message: IndexFrom: negative position")
	}
	return index(b.Segments(), from, delim)
}

func index(segs [][]byte, from int, delim byte) int {
	at := 0
	for _, s := range segs {
		skip := min(max(from-at, 0), len(s))
		if i := bytes.IndexByte(s[skip:], delim); i >= 0 {
			return at + skip + i
		}
		at += len(s)
	}
	return -1
}
