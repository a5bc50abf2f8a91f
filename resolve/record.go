package resolve

import (
	"encoding/binary"
	"iter"
	"strings"
	"time"
)

// Record is one resource record of an [Answer]. Its owner is the canonical name of the answer.
//
// The methods decode the RDATA of one type each. They return false for a record of another type,
// for RDATA that is malformed, and for a name that [ParseName] refuses.
type Record struct {
	Type Type
	TTL  time.Duration // as the server sent it; it does not count down
	Data string        // RDATA (RFC 1035, section 3.2.1), with no name in it compressed
}

// MX is a mail exchanger (RFC 1035, section 3.3.9).
type MX struct {
	Preference uint16
	Host       Name // "." if the domain accepts no mail (RFC 7505)
}

// SRV is the location of a service (RFC 2782).
type SRV struct {
	Priority, Weight, Port uint16
	Target                 Name // "." if the service is not available
}

// SOA is the start of a zone (RFC 1035, section 3.3.13). The names are in the form of master files,
// with a final dot. Responsible is the address of a person, with its @ written as a dot: the part
// before it may hold an escaped dot.
type SOA struct {
	Primary, Responsible            string
	Serial                          uint32
	Refresh, Retry, Expire, Minimum time.Duration
}

// CAA names who may issue certificates (RFC 8659, section 4.1).
type CAA struct {
	Critical bool
	Tag      string // letters and digits
	Value    string // any bytes
}

// Host returns the name in an NS, CNAME, PTR or DNAME record.
func (r Record) Host() (Name, bool) {
	switch r.Type {
	case TypeNS, TypeCNAME, TypePTR, TypeDNAME:
		return wholeName(r.Data)
	}
	return Name{}, false
}

// MX returns the content of an MX record.
func (r Record) MX() (MX, bool) {
	if r.Type != TypeMX || len(r.Data) < 2 {
		return MX{}, false
	}
	host, ok := wholeName(r.Data[2:])
	return MX{Preference: uint16At(r.Data, 0), Host: host}, ok
}

// SRV returns the content of an SRV record.
func (r Record) SRV() (SRV, bool) {
	if r.Type != TypeSRV || len(r.Data) < 6 {
		return SRV{}, false
	}
	target, ok := wholeName(r.Data[6:])
	return SRV{uint16At(r.Data, 0), uint16At(r.Data, 2), uint16At(r.Data, 4), target}, ok
}

// TXT yields the strings of a TXT record, of any bytes and at most 255 each. It ends at a malformed
// one.
func (r Record) TXT() iter.Seq[string] {
	return func(yield func(string) bool) {
		if r.Type != TypeTXT {
			return
		}
		for rest := r.Data; rest != ""; {
			s, after, ok := cutString(rest)
			if !ok || !yield(s) {
				return
			}
			rest = after
		}
	}
}

// Text returns the strings of a TXT record joined without separators, as SPF and DKIM want them
// (RFC 7208, section 3.3).
func (r Record) Text() (string, bool) {
	if r.Type != TypeTXT {
		return "", false
	}
	if r.Data != "" && int(r.Data[0]) == len(r.Data)-1 { // a single string
		return r.Data[1:], true
	}
	var b strings.Builder
	for s := range r.TXT() {
		b.WriteString(s)
	}
	return b.String(), validStrings(r.Data)
}

// SOA returns the content of a SOA record.
func (r Record) SOA() (SOA, bool) {
	if r.Type != TypeSOA {
		return SOA{}, false
	}
	primary, rest, ok := cutName(r.Data)
	if !ok {
		return SOA{}, false
	}
	responsible, rest, ok := cutName(rest)
	if !ok || len(rest) != 20 {
		return SOA{}, false
	}
	seconds := func(i int) time.Duration { return time.Duration(uint32At(rest, i)) * time.Second }
	return SOA{nameText(primary), nameText(responsible), uint32At(rest, 0), seconds(4), seconds(8), seconds(12), seconds(16)}, true
}

// CAA returns the content of a CAA record.
func (r Record) CAA() (CAA, bool) {
	if r.Type != TypeCAA || len(r.Data) < 1 {
		return CAA{}, false
	}
	tag, value, ok := cutString(r.Data[1:])
	if !ok || tag == "" || strings.ContainsFunc(tag, func(c rune) bool {
		return (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z')
	}) {
		return CAA{}, false
	}
	return CAA{Critical: r.Data[0]&0x80 != 0, Tag: tag, Value: value}, true
}

func uint16At(s string, i int) uint16 { return uint16(s[i])<<8 | uint16(s[i+1]) }

func uint32At(s string, i int) uint32 { return binary.BigEndian.Uint32([]byte(s[i : i+4])) }

// cutString cuts a character string (RFC 1035, section 3.3) off data.
func cutString(data string) (s, rest string, ok bool) {
	if data == "" || len(data) < 1+int(data[0]) {
		return "", "", false
	}
	n := 1 + int(data[0])
	return data[1:n], data[n:], true
}

func validStrings(data string) bool {
	for data != "" {
		_, rest, ok := cutString(data)
		if !ok {
			return false
		}
		data = rest
	}
	return true
}

// cutName cuts an uncompressed name off data, in wire form.
func cutName(data string) (wire, rest string, ok bool) {
	for i := 0; i < len(data) && i < MaxNameBytes+2; {
		n := int(data[i])
		i++
		switch {
		case n == 0:
			return data[:i], data[i:], true
		case n > MaxLabelBytes:
			return "", "", false
		}
		i += n
	}
	return "", "", false
}

// wholeName returns the name that data consists of.
func wholeName(data string) (Name, bool) {
	wire, rest, ok := cutName(data)
	if !ok || rest != "" {
		return Name{}, false
	}
	if wire == "\x00" {
		return Name{text: "."}, true
	}
	text := make([]byte, 0, MaxNameBytes)
	for wire[0] != 0 {
		n := 1 + int(wire[0])
		if strings.IndexByte(wire[1:n], '.') >= 0 { // it would read as a separator
			return Name{}, false
		}
		if len(text) > 0 {
			text = append(text, '.')
		}
		text = append(text, wire[1:n]...)
		wire = wire[n:]
	}
	name, err := ParseName(string(text))
	if err != nil {
		return Name{}, false
	}
	if _, literal := name.Addr(); literal {
		return Name{}, false
	}
	return name, true
}
