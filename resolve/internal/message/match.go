package message

import (
	"bytes"
	"encoding/binary"

	"github.com/edgewise-go/edgewise/resolve"
)

// Header holds the fields of a header that a receiver needs before it knows the query.
type Header struct {
	ID        uint16
	Reply     bool          // QR
	Truncated bool          // TC
	RCode     resolve.RCode // without the upper bits, which are in the OPT record
	Questions uint16        // QDCOUNT. Some servers send errors without the question.
}

// Peek reads the header. It returns false if msg is shorter than a header.
func Peek(msg []byte) (Header, bool) {
	if len(msg) < headerBytes {
		return Header{}, false
	}
	return Header{
		ID:        binary.BigEndian.Uint16(msg),
		Reply:     msg[2]&flagQR != 0,
		Truncated: msg[2]&flagTC != 0,
		RCode:     resolve.RCode(msg[3] & 0x0f),
		Questions: binary.BigEndian.Uint16(msg[4:]),
	}, true
}

// The bits of bytes 2 and 3 of a header (RFC 1035, section 4.1.1; RFC 4035, section 3.2).
const (
	flagQR, maskOpcode, flagAA, flagTC, flagRD = 0x80, 0x78, 0x04, 0x02, 0x01
	flagRA, flagAD                             = 0x80, 0x20
)

// Verdict is the reason why a message is not the reply to a question, or [Good].
type Verdict uint8

// The verdicts, in the order in which [Matches] tests.
const (
	Good          Verdict = iota
	Short                 // shorter than a header
	NotReply              // QR=0: for example the query itself, reflected
	Opcode                // no reply to a standard query
	NoQuestion            // QDCOUNT=0; with an error code, it may come from a server that failed early
	QuestionCount         // QDCOUNT is above 1
	Malformed             // the question cannot be read, or its name is compressed
	OtherQuestion         // another name, type or class
	CaseDiffers           // the right question with the letters in another case
)

func (v Verdict) String() string {
	switch v {
	case Good:
		return "good"
	case Short:
		return "shorter than a header"
	case NotReply:
		return "not a reply"
	case Opcode:
		return "another opcode"
	case NoQuestion:
		return "no question"
	case QuestionCount:
		return "several questions"
	case Malformed:
		return "malformed question"
	case OtherQuestion:
		return "another question"
	case CaseDiffers:
		return "question in another case"
	}
	return "unknown verdict"
}

// Matches reports whether msg is a reply to q. It compares the whole question but not the ID. With
// a mask, the name must have exactly the case that [AppendQuery] gave it. With nil, case does not
// matter.
func Matches(msg []byte, q resolve.Question, mixed *CaseMask) Verdict {
	h, ok := Peek(msg)
	switch {
	case !ok:
		return Short
	case !h.Reply:
		return NotReply
	case msg[2]&maskOpcode != 0:
		return Opcode
	case h.Questions == 0:
		return NoQuestion
	case h.Questions > 1:
		return QuestionCount
	}
	end, verdict := matchName(msg, q.Name.String(), mixed)
	switch {
	case verdict == Malformed || end+4 > len(msg):
		return Malformed
	case binary.BigEndian.Uint16(msg[end:]) != uint16(q.Type), binary.BigEndian.Uint16(msg[end+2:]) != uint16(q.Class):
		return OtherQuestion
	}
	return verdict
}

// matchName compares the name of the question with text, and returns the offset after it.
func matchName(msg []byte, text string, mixed *CaseMask) (end int, v Verdict) {
	if text == "." {
		text = ""
	}
	v = Good
	i, off := 0, headerBytes // i is the index in text
	for {
		if off >= len(msg) || msg[off] > maxLabel { // a pointer could only lead into the header
			return off, Malformed
		}
		n := int(msg[off])
		off++
		if n == 0 {
			break
		}
		if off+n > len(msg) || off+n-headerBytes >= maxWireName {
			return off, Malformed
		}
		// A label is followed by a dot in text, except the last.
		if i > 0 {
			if i >= len(text) || text[i] != '.' {
				v = OtherQuestion
			}
			i++
		}
		label := msg[off : off+n]
		off += n
		// Most replies repeat the name as it was in the query. A dot in a label is no separator.
		if mixed == nil && v == Good && i+n <= len(text) && string(label) == text[i:i+n] && bytes.IndexByte(label, '.') < 0 {
			i += n
			continue
		}
		for _, c := range label {
			switch {
			case i >= len(text) || c == '.' || lower(c) != text[i]:
				v = OtherQuestion
			case v == Good && mixed != nil && c != mixed.upper(i, text[i]):
				v = CaseDiffers
			}
			i++
		}
	}
	if i != len(text) {
		v = OtherQuestion
	}
	return off, v
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}
