package message

import (
	"errors"

	"github.com/edgewise-go/edgewise/bufstrategy"
)

// ErrMalformed reports that the unread bytes cannot start a message, whatever follows them.
var ErrMalformed = errors.New("message: malformed")

// Finder is a protocol that can find the end of its first message. Implementations are [Lines],
// [Delimited], [Frames], [Heads] and those of the caller.
//
// Find consumes and copies nothing, and never waits. It returns [bufstrategy.ErrShort] if the
// message is incomplete but may become complete. It returns [bufstrategy.ErrTooLarge] if the
// message exceeds its bound, so that waiting is useless, and ErrMalformed if no message can start
// like this. The result does not depend on how the bytes were split on arrival. With Limit bytes
// unread, Find does not return ErrShort.
type Finder interface {
	Find(b bufstrategy.Buffer) (Span, error)
}

// Span is the location of a message among the unread bytes of a Buffer, as positions from the first
// unread byte.
type Span struct {
	From, To int // the message without its framing
	Size     int // bytes to Discard to consume it, including terminator and header; at least To
}

// View returns the message as one slice, valid as long as a slice from Buffer.View. It copies only
// if the message is not contiguous. If it would have to copy and there is no memory, it returns
// [bufstrategy.ErrExhausted].
func (m Span) View(b bufstrategy.Buffer) ([]byte, error) {
	p, err := b.View(m.To)
	if err != nil {
		return nil, err
	}
	return p[m.From:m.To:m.To], nil
}

// AppendSegments appends the segments of the message to dst, in order, and copies no byte. No
// segment is empty. The segments are valid as long as those of Buffer.Segments.
func (m Span) AppendSegments(dst [][]byte, b bufstrategy.Buffer) [][]byte {
	from, n := m.From, m.To-m.From
	for _, s := range b.Segments() {
		skip := min(from, len(s))
		from -= skip
		k := min(len(s)-skip, n)
		if k > 0 {
			dst = append(dst, s[skip:skip+k:skip+k])
		}
		n -= k
	}
	return dst
}

// next implements every Next on the result of Find.
func (m Span) next(b bufstrategy.Buffer, err error) ([]byte, int, error) {
	if err != nil {
		return nil, 0, err
	}
	p, err := m.View(b)
	if err != nil {
		return nil, 0, err
	}
	return p, m.Size, nil
}

// progress records how far a parser has searched, so that it does not search a message in many
// pieces from its start each time. It is valid until bytes are consumed, by whatever caller.
type progress struct {
	consumed uint64
	looked   int // how many of the bytes after those were searched
}

// from returns the position among the unread bytes of b at which to resume the search.
func (p *progress) from(b bufstrategy.Buffer) int {
	if p.looked == 0 || p.looked > b.Len() || p.consumed != consumed(b) {
		return 0
	}
	return p.looked
}

// short records that the unread bytes of b were searched. The last again bytes must be searched
// again.
func (p *progress) short(b bufstrategy.Buffer, again int) error {
	p.consumed, p.looked = consumed(b), max(0, b.Len()-again)
	return bufstrategy.ErrShort
}

func consumed(b bufstrategy.Buffer) uint64 { return b.Stats().Moved - uint64(b.Len()) }

// bound returns the size in bytes, more than zero, above which a message is too large.
func bound(most int, b bufstrategy.Buffer) int {
	if most < 0 {
		panic("message: Max: want 0 or more")
	}
	if most == 0 {
		return b.Limit()
	}
	return min(most, b.Limit())
}
