package resolve

import (
	"fmt"
	"strconv"
	"strings"
)

// Type is the type of a resource record (RFC 1035, section 3.2.2, and the IANA registry).
type Type uint16

// The types that have a name here. A strategy may answer any other type too.
const (
	TypeA     Type = 1
	TypeNS    Type = 2
	TypeCNAME Type = 5
	TypeSOA   Type = 6
	TypePTR   Type = 12
	TypeMX    Type = 15
	TypeTXT   Type = 16
	TypeAAAA  Type = 28
	TypeSRV   Type = 33  // RFC 2782
	TypeNAPTR Type = 35  // RFC 3403
	TypeDNAME Type = 39  // RFC 6672
	TypeDS    Type = 43  // RFC 4034
	TypeTLSA  Type = 52  // RFC 6698
	TypeSVCB  Type = 64  // RFC 9460
	TypeHTTPS Type = 65  // RFC 9460
	TypeCAA   Type = 257 // RFC 8659
)

// typeName is one row of the table of names.
type typeName struct {
	t    Type
	name string
}

func typeNames() [16]typeName {
	return [16]typeName{
		{TypeA, "A"}, {TypeNS, "NS"}, {TypeCNAME, "CNAME"}, {TypeSOA, "SOA"}, {TypePTR, "PTR"}, {TypeMX, "MX"},
		{TypeTXT, "TXT"}, {TypeAAAA, "AAAA"}, {TypeSRV, "SRV"}, {TypeNAPTR, "NAPTR"}, {TypeDNAME, "DNAME"},
		{TypeDS, "DS"}, {TypeTLSA, "TLSA"}, {TypeSVCB, "SVCB"}, {TypeHTTPS, "HTTPS"}, {TypeCAA, "CAA"},
	}
}

// ParseType returns the type of that name, in any case. It also knows the form TYPE65280 of RFC
// 3597, section 5.
func ParseType(s string) (Type, error) {
	for _, row := range typeNames() {
		if strings.EqualFold(s, row.name) {
			return row.t, nil
		}
	}
	if len(s) > len("TYPE") && strings.EqualFold(s[:len("TYPE")], "TYPE") {
		if n, err := strconv.ParseUint(s[len("TYPE"):], 10, 16); err == nil && n > 0 {
			return Type(n), nil
		}
	}
	return 0, fmt.Errorf("resolve: parse type %q: unknown: want a name such as AAAA or MX, or TYPE and a number", clip(s))
}

func (t Type) String() string {
	for _, row := range typeNames() {
		if t == row.t {
			return row.name
		}
	}
	return fmt.Sprintf("TYPE%d", uint16(t)) // RFC 3597
}

// holdsAddrs reports whether records of the type are addresses.
func (t Type) holdsAddrs() bool { return t == TypeA || t == TypeAAAA }

// Class is the class of a resource record. [ClassINET] is the only one in use.
type Class uint16

// ClassINET is the Internet class.
const ClassINET Class = 1

// Question is the name, type and class that a strategy answers. It is comparable: equal questions
// have equal answers.
//
// The name is absolute. No strategy of this package applies a search list.
type Question struct {
	Name  Name
	Type  Type
	Class Class
}

// NewQuestion parses name as [ParseName] does and asks for type t in class [ClassINET].
func NewQuestion(name string, t Type) (Question, error) {
	n, err := ParseName(name)
	if err != nil {
		return Question{}, err
	}
	return Question{Name: n, Type: t, Class: ClassINET}, nil
}

func (q Question) String() string {
	if q.Class == ClassINET {
		return q.Type.String() + " " + q.Name.String()
	}
	return fmt.Sprintf("CLASS%d %v %v", uint16(q.Class), q.Type, q.Name)
}
