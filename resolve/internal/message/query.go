package message

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/edgewise-go/edgewise/resolve"
)

// The bounds of a query.
const (
	// MaxQueryBytes bounds the length of a query: a header, a name of 255 bytes with type and
	// class, an OPT record, and a cookie of 40 bytes.
	MaxQueryBytes = headerBytes + maxWireName + 4 + 11 + 4 + maxCookie
	// DefaultUDPSize is the size of replies that fits every path without fragments (DNS flag day
	// 2020).
	DefaultUDPSize = 1232
	// MinUDPSize is the size that every resolver must be able to receive (RFC 6891, section 6.2.3).
	// A smaller one counts as this.
	MinUDPSize = 512
)

const (
	headerBytes = 12
	maxWireName = 255 // RFC 1035, section 2.3.4
	// RFC 7873, section 4: the client's cookie, alone or followed by 8 to 32 bytes of the server.
	clientCookie, minServerCookie, maxServerCookie = 8, 8, 32
	maxCookie                                      = clientCookie + maxServerCookie
)

// Query describes a query. RD is always set.
type Query struct {
	ID       uint16
	Question resolve.Question
	Mixed    *CaseMask // the case of the letters in the name; nil for lower case
	AD       bool      // asks for the AD bit in the reply (RFC 6840, section 5.7)

	EDNS    bool   // adds an OPT record (RFC 6891); the fields below need it
	UDPSize uint16 // the largest reply over UDP; 0 is DefaultUDPSize
	DO      bool   // asks for signatures (RFC 3225)
	Cookie  []byte // the client's 8 bytes, then 8 to 32 of the server if known; nil for none
}

// CaseMask selects the upper-case letters of a name: bit i%64 of word i/64 belongs to byte i of its
// text. With random bits, a forger must guess them too (draft-vixie-dnsext-dns0x20-00).
type CaseMask [4]uint64

// upper applies the mask to byte i of a name, which is c in lower case.
func (m *CaseMask) upper(i int, c byte) byte {
	if m != nil && 'a' <= c && c <= 'z' && m[i/64]>>(i%64)&1 != 0 {
		return c - ('a' - 'A')
	}
	return c
}

// AppendQuery appends the query to dst, without a length prefix. It allocates only if dst has less
// than [MaxQueryBytes] to spare.
func AppendQuery(dst []byte, q Query) ([]byte, error) {
	if n := len(q.Cookie); n != 0 && !validCookie(n) {
		return dst, fmt.Errorf("message: append query: cookie of %d bytes: want %d, or %d to %d", n, clientCookie, clientCookie+minServerCookie, maxCookie)
	}
	name := q.Question.Name
	if _, literal := name.Addr(); literal || name.IsZero() {
		return dst, fmt.Errorf("message: append query %v: %w: an address or no name", q.Question, resolve.ErrName)
	}
	ad, additional := byte(0), byte(0)
	if q.AD {
		ad = flagAD
	}
	if q.EDNS {
		additional = 1
	}
	dst = append(dst, byte(q.ID>>8), byte(q.ID), flagRD, ad, 0, 1, 0, 0, 0, 0, 0, additional)
	dst = appendName(dst, name.String(), q.Mixed)
	dst = binary.BigEndian.AppendUint16(dst, uint16(q.Question.Type))
	dst = binary.BigEndian.AppendUint16(dst, uint16(q.Question.Class))
	if q.EDNS {
		dst = appendOPT(dst, q)
	}
	return dst, nil
}

// appendOPT appends an OPT record (RFC 6891, section 6.1.2).
func appendOPT(dst []byte, q Query) []byte {
	size := q.UDPSize
	if size == 0 {
		size = DefaultUDPSize
	}
	size = max(size, MinUDPSize)
	do := byte(0)
	if q.DO {
		do = 0x80
	}
	dst = append(dst, 0, 0, byte(typeOPT), byte(size>>8), byte(size), 0, 0, do, 0)
	if len(q.Cookie) == 0 {
		return append(dst, 0, 0)
	}
	n := byte(len(q.Cookie)) // at most maxCookie
	return append(append(dst, 0, n+4, 0, optionCookie, 0, n), q.Cookie...)
}

func validCookie(n int) bool {
	return n == clientCookie || n >= clientCookie+minServerCookie && n <= maxCookie
}

// appendName appends a name as [resolve.ParseName] returns it: at most 253 bytes, in labels of 1 to
// 63.
func appendName(dst []byte, text string, mixed *CaseMask) []byte {
	if text == "." {
		return append(dst, 0)
	}
	for mixed == nil {
		label, rest, more := strings.Cut(text, ".")
		dst = append(append(dst, byte(len(label))), label...)
		if !more {
			return append(dst, 0)
		}
		text = rest
	}
	dst = append(dst, 0) // the length of the first label
	label := len(dst)
	for i := range len(text) {
		c := text[i]
		if c == '.' {
			dst[label-1] = byte(len(dst) - label)
			dst = append(dst, 0)
			label = len(dst)
			continue
		}
		dst = append(dst, mixed.upper(i, c))
	}
	dst[label-1] = byte(len(dst) - label)
	return append(dst, 0)
}
