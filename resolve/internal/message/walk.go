package message

import (
	"encoding/binary"
	"fmt"

	"github.com/edgewise-go/edgewise/resolve"
)

// MaxSteps bounds the labels and pointers that reading a message may visit. Compression lets a
// message of 64 KiB describe megabytes of names. An honest message with 4,095 addresses, the
// maximum, needs two steps for each.
const MaxSteps = 1 << 17

// The bounds of names (RFC 1035, section 2.3.4).
const (
	maxLabel = resolve.MaxLabelBytes
	// A pointer must lead backward, so a name cannot loop. More pointers than labels are useless.
	maxPointers = 127
)

// The reasons why a message is malformed. Receivers may meet floods of them, so that they are not
// built anew.
var (
	errHeader    = malformed("shorter than its header and question")
	errQuestion  = malformed("another question")
	errFrame     = malformed("record beyond the end")
	errName      = malformed("name beyond the end, too long, or badly compressed")
	errSteps     = malformed("names too expensive to decompress")
	errAddress   = malformed("address of the wrong length")
	errRData     = malformed("RDATA of the wrong length")
	errChain     = malformed("loop of CNAME records, or more than 16")
	errAliases   = malformed("too many CNAME records")
	errOPT       = malformed("bad OPT record")
	errSecondOPT = malformed("second OPT record")
)

func malformed(reason string) error { return fmt.Errorf("%w: %s", resolve.ErrMalformed, reason) }

// walk is a position in a message, and the steps taken in it.
type walk struct {
	msg   []byte
	off   int
	steps int
}

// record is the frame of one resource record: offsets in the message, and the fixed fields.
type record struct {
	owner     int
	typ       resolve.Type
	class     resolve.Class
	ttl       uint32
	data, end int
}

func (w *walk) uint16(off int) uint16 { return binary.BigEndian.Uint16(w.msg[off:]) }

// skipQuestion moves past one question.
func (w *walk) skipQuestion() error {
	end, err := w.skipName(w.off)
	if err == nil && end+4 > len(w.msg) {
		err = errHeader
	}
	w.off = end + 4
	return err
}

// next reads the frame of the record at the position and moves past it. It does not read the names
// in it.
func (w *walk) next() (r record, err error) {
	end, err := w.skipName(w.off)
	if err != nil {
		return r, err
	}
	const fixed = 2 + 2 + 4 + 2
	if end+fixed > len(w.msg) {
		return r, errFrame
	}
	r = record{
		owner: w.off,
		typ:   resolve.Type(w.uint16(end)),
		class: resolve.Class(w.uint16(end + 2)),
		ttl:   binary.BigEndian.Uint32(w.msg[end+4:]),
		data:  end + fixed,
	}
	r.end = r.data + int(w.uint16(end+8))
	if r.end > len(w.msg) {
		return r, errFrame
	}
	w.off = r.end
	return r, nil
}

// skipName returns the offset after the name at off. It does not follow a pointer.
func (w *walk) skipName(off int) (int, error) {
	for start := off; ; {
		if off >= len(w.msg) || off-start > maxWireName {
			return off, errName
		}
		if w.steps++; w.steps > MaxSteps {
			return off, errSteps
		}
		switch n := int(w.msg[off]); {
		case n == 0:
			return off + 1, nil
		case n >= pointerBits:
			if off+2 > len(w.msg) {
				return off, errName
			}
			return off + 2, nil
		case n > maxLabel: // reserved by RFC 6891, section 5
			return off, errName
		default:
			off += 1 + n
		}
	}
}

const pointerBits = 0xc0

// cursor reads the labels of one name.
type cursor struct {
	w        *walk
	off      int
	limit    int // pointers must lead to before it
	pointers int
	length   int // of the labels read, in wire form
}

func (w *walk) cursor(off int) cursor { return cursor{w: w, off: off, limit: off} }

// label returns the next label, which is empty at the end of the name.
func (c *cursor) label() ([]byte, error) {
	msg := c.w.msg
	for {
		if c.off >= len(msg) {
			return nil, errName
		}
		if c.w.steps++; c.w.steps > MaxSteps {
			return nil, errSteps
		}
		n := int(msg[c.off])
		switch {
		case n >= pointerBits:
			if c.pointers++; c.off+2 > len(msg) || c.pointers > maxPointers {
				return nil, errName
			}
			target := int(c.w.uint16(c.off)) &^ (pointerBits << 8)
			if target >= c.limit {
				return nil, errName
			}
			c.off, c.limit = target, target
		case n > maxLabel:
			return nil, errName
		default:
			c.length += 1 + n
			if c.off+1+n > len(msg) || c.length > maxWireName {
				return nil, errName
			}
			label := msg[c.off+1 : c.off+1+n]
			c.off += 1 + n
			return label, nil
		}
	}
}

// equal reports whether the names at a and b are equal, in any case. It reads them up to the first
// difference.
func (w *walk) equal(a, b int) (bool, error) {
	if a == b || b < a && w.target(a) == b { // most owners are a pointer to the question
		return true, nil
	}
	ca, cb := w.cursor(a), w.cursor(b)
	for {
		la, err := ca.label()
		if err != nil {
			return false, err
		}
		lb, err := cb.label()
		switch {
		case err != nil:
			return false, err
		case !equalFold(la, lb):
			return false, nil
		case len(la) == 0:
			return true, nil
		}
	}
}

// target returns the offset that the name at off begins with a pointer to, or off.
func (w *walk) target(off int) int {
	if off+2 <= len(w.msg) && w.msg[off] >= pointerBits {
		return int(w.uint16(off)) &^ (pointerBits << 8)
	}
	return off
}

// within reports whether the name at zone is that at name or one above it.
func (w *walk) within(name, zone int) (bool, error) {
	nameLabels, err := w.count(name)
	if err != nil {
		return false, err
	}
	zoneLabels, err := w.count(zone)
	if err != nil || zoneLabels > nameLabels {
		return false, err
	}
	c := w.cursor(name)
	for range nameLabels - zoneLabels {
		if _, err := c.label(); err != nil {
			return false, err
		}
	}
	z := w.cursor(zone)
	for range zoneLabels {
		a, err := c.label()
		if err != nil {
			return false, err
		}
		b, err := z.label()
		if err != nil || !equalFold(a, b) {
			return false, err
		}
	}
	return true, nil
}

// count returns the number of labels without the root.
func (w *walk) count(off int) (int, error) {
	c := w.cursor(off)
	for n := 0; ; n++ {
		label, err := c.label()
		if err != nil || len(label) == 0 {
			return n, err
		}
	}
}

func equalFold(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}
