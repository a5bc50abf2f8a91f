package message

import (
	"fmt"

	"golang.org/x/net/dns/dnsmessage"

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
	name, ok := wireText(q.Question.Name, q.Mixed)
	if !ok {
		return dst, fmt.Errorf("message: append query %v: %w: an address or no name", q.Question, resolve.ErrName)
	}
	b := dnsmessage.NewBuilder(dst, dnsmessage.Header{ID: q.ID, RecursionDesired: true, AuthenticData: q.AD})
	if err := b.StartQuestions(); err != nil {
		return dst, err
	}
	question := dnsmessage.Question{Name: name, Type: dnsmessage.Type(q.Question.Type), Class: dnsmessage.Class(q.Question.Class)}
	if err := b.Question(question); err != nil {
		return dst, err
	}
	if q.EDNS {
		if err := appendOPT(&b, q); err != nil {
			return dst, err
		}
	}
	return b.Finish()
}

func appendOPT(b *dnsmessage.Builder, q Query) error {
	if err := b.StartAdditionals(); err != nil {
		return err
	}
	size := q.UDPSize
	if size == 0 {
		size = DefaultUDPSize
	}
	var h dnsmessage.ResourceHeader
	if err := h.SetEDNS0(int(max(size, MinUDPSize)), dnsmessage.RCodeSuccess, q.DO); err != nil {
		return err
	}
	var options [1]dnsmessage.Option
	opt := dnsmessage.OPTResource{}
	if len(q.Cookie) > 0 {
		options[0] = dnsmessage.Option{Code: optionCookie, Data: q.Cookie}
		opt.Options = options[:]
	}
	return b.OPTResource(h, opt)
}

func validCookie(n int) bool {
	return n == clientCookie || n >= clientCookie+minServerCookie && n <= maxCookie
}

// wireText returns the name with a final dot, as package dnsmessage takes it. It returns false for
// the zero Name and for an address.
func wireText(name resolve.Name, mixed *CaseMask) (n dnsmessage.Name, ok bool) {
	if _, literal := name.Addr(); literal || name.IsZero() {
		return n, false
	}
	text := name.String()
	for i := range len(text) {
		n.Data[i] = mixed.upper(i, text[i])
	}
	n.Length = uint8(len(text)) // at most resolve.MaxNameBytes
	if text != "." {
		n.Data[n.Length] = '.'
		n.Length++
	}
	return n, true
}
