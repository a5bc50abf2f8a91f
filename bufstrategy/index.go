package bufstrategy

import "bytes"

// Index returns the position of the first delim among the unread bytes of b, or -1. It consumes and
// copies nothing.
func Index(b Buffer, delim byte) int { return IndexFrom(b, 0, delim) }

// IndexFrom is Index that begins at position from, for a parser that has seen the bytes before: to
// begin at 0 each time a few bytes arrive would cost the square of the message. The position it
// returns counts from the first unread byte. IndexFrom panics when from is negative; beyond Len it
// finds nothing.
func IndexFrom(b Buffer, from int, delim byte) int {
	if from < 0 {
		panic("bufstrategy: IndexFrom a negative position")
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
