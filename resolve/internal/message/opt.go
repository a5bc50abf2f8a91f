package message

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/edgewise-go/edgewise/resolve"
)

// typeOPT is the type of the pseudo-record of RFC 6891. Its class and TTL hold other values.
const typeOPT resolve.Type = 41

// The codes of options that are read.
const (
	optionCookie = 10 // RFC 7873
	optionEDE    = 15 // RFC 8914
)

// scanAdditional reads the OPT record, and ignores others.
func (r *reader) scanAdditional(rr record) error {
	if rr.typ != typeOPT {
		return nil
	}
	into := r.into
	if into.HasOPT {
		return errSecondOPT
	}
	if r.msg[rr.owner] != 0 { // RFC 6891, section 6.1.2: the root
		return errOPT
	}
	into.HasOPT = true
	into.UDPSize = uint16(rr.class)
	into.RCode |= resolve.RCode(rr.ttl>>24) << 4
	for off := rr.data; off < rr.end; {
		if off+4 > rr.end {
			return errOPT
		}
		code, length := r.uint16(off), int(r.uint16(off+2))
		off += 4
		if off+length > rr.end {
			return errOPT
		}
		if err := into.option(code, r.msg[off:off+length:off+length]); err != nil {
			return err
		}
		off += length
	}
	return nil
}

// option reads one option. The first one of a kind counts.
func (r *Reply) option(code uint16, data []byte) error {
	switch code {
	case optionCookie:
		if !validCookie(len(data)) { // RFC 7873, section 5.3: discard the reply
			return errOPT
		}
		if r.Cookie == nil {
			r.Cookie = data
		}
	case optionEDE:
		if len(data) < 2 || r.HasEDE {
			break
		}
		r.HasEDE, r.EDE = true, uint16(data[0])<<8|uint16(data[1])
		r.EDEText = printable(data[2:], MaxEDEText)
	}
	return nil
}

// printable returns text that a log can hold: at most limit bytes, without control characters,
// invalid UTF-8, or characters that have no width or change the direction.
func printable(text []byte, limit int) string {
	var b strings.Builder
	for len(text) > 0 {
		c, n := utf8.DecodeRune(text)
		text = text[n:]
		if c == utf8.RuneError || !unicode.IsPrint(c) {
			c = '?'
		}
		if b.Len()+utf8.RuneLen(c) > limit {
			break
		}
		b.WriteRune(c)
	}
	return strings.TrimRight(b.String(), "? ") // a NUL may end the text (RFC 8914, section 2)
}
