package bufstrategy

import "errors"

// ErrMalformed says that the unread bytes do not begin a message, whatever follows them.
var ErrMalformed = errors.New("bufstrategy: no message begins like this")

// Finder is a protocol that can tell where its first message ends: [Lines], [Delimited], [Frames],
// [Heads], or one's own.
//
// Find consumes and copies nothing, and never waits. Its error is ErrShort when the message is not
// whole but may become so, ErrTooLarge when it is longer than its bound, so that waiting is
// useless, or ErrMalformed. What it answers does not depend on the pieces in which the bytes came.
// With Limit bytes unread it does not answer ErrShort.
type Finder interface {
	Find(b Buffer) (Span, error)
}

// Span is where a message lies among the unread bytes of a Buffer, as positions from the first
// unread byte.
type Span struct {
	From, To int // the message without what frames it
	Size     int // what Discard takes to consume it, terminator and header included; at least To
}

// View returns the message as one slice, as Buffer.View does and valid as long: it copies only when
// the message does not lie together, and returns ErrExhausted when it would have to and there is no
// memory.
func (m Span) View(b Buffer) ([]byte, error) {
	p, err := b.View(m.To)
	if err != nil {
		return nil, err
	}
	return p[m.From:m.To:m.To], nil
}

// AppendSegments appends the segments of the message to dst, in order, none of them empty, and
// copies no byte. They are valid as long as those of Buffer.Segments.
func (m Span) AppendSegments(dst [][]byte, b Buffer) [][]byte {
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

// next is what every Next returns for what Find has found.
func (m Span) next(b Buffer, err error) ([]byte, int, error) {
	if err != nil {
		return nil, 0, err
	}
	p, err := m.View(b)
	if err != nil {
		return nil, 0, err
	}
	return p, m.Size, nil
}

// progress is how far a parser has looked, so that a message that comes in many pieces is not
// searched from its beginning for each. It holds as long as nothing has been consumed, whoever does
// that.
type progress struct {
	consumed uint64
	looked   int // at so many of the bytes behind those
}

// from returns where to look on, among the unread bytes of b.
func (p *progress) from(b Buffer) int {
	if p.looked == 0 || p.looked > b.Len() || p.consumed != consumed(b) {
		return 0
	}
	return p.looked
}

// short notes that the unread bytes of b were looked at, the last few of which are to be looked at
// again.
func (p *progress) short(b Buffer, again int) error {
	p.consumed, p.looked = consumed(b), max(0, b.Len()-again)
	return ErrShort
}

func consumed(b Buffer) uint64 { return b.Stats().Moved - uint64(b.Len()) }

// bound is the size in bytes, more than zero, above which a message is too large.
func bound(most int, b Buffer) int {
	if most < 0 {
		panic("bufstrategy: Max is negative")
	}
	if most == 0 {
		return b.Limit()
	}
	return min(most, b.Limit())
}
