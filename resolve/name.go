package resolve

import (
	"fmt"
	"net/netip"
	"strings"
)

// The bounds of a name in text form, without the final dot (RFC 1035, section 2.3.4).
const (
	MaxNameBytes  = 253
	MaxLabelBytes = 63
)

// Name is a host name in canonical form, or the text of an IP address. It is comparable, and two
// spellings of one name are equal. The zero Name is not a name; only [ParseName] returns others.
//
// It is one string, since answers and queries in flight hold several names each.
type Name struct{ text string }

// ParseName checks s and converts it to canonical form: lower case, no final dot.
//
// A label has 1 to 63 of the characters a-z, A-Z, 0-9, '-' and '_', and neither begins nor ends
// with '-'. A name has at most 253 bytes without its final dot. "." is the root. ParseName refuses
// everything else with [ErrName]: the empty string, empty labels, escapes, blanks, control
// characters and bytes outside ASCII. It does not implement IDNA: use the xn-- form.
//
// IP literals are also names, in the forms that [netip.ParseAddr] accepts: dotted IPv4 with four
// decimal parts, IPv6, and IPv6 with a zone. An IPv4-in-IPv6 address, such as ::ffff:192.0.2.1, is
// the IPv4 address and must not have a zone.
//
// ParseName refuses a name whose last label is a number ("127.1", "2130706433", "0x7f.1",
// "010.0.0.1"). Some resolvers treat it as an address and some as a name, which makes it easy to
// bypass a filter.
func ParseName(s string) (Name, error) {
	// Calling ParseAddr for every name would allocate an error for each.
	if strings.IndexByte(s, ':') >= 0 || looksNumeric(s[strings.LastIndexByte(s, '.')+1:]) {
		if addr, err := netip.ParseAddr(s); err == nil {
			return literalName(s, addr)
		}
	}
	if s == "." {
		return Name{text: s}, nil
	}
	t := strings.TrimSuffix(s, ".")
	upper, reason := checkName(t)
	if reason != "" {
		return Name{}, nameError(s, reason)
	}
	if upper {
		t = strings.ToLower(t)
	}
	return Name{text: t}, nil
}

func literalName(s string, addr netip.Addr) (Name, error) {
	zone := addr.Zone()
	if len(s) > MaxNameBytes || strings.ContainsFunc(zone, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return Name{}, nameError(s, "bad zone")
	}
	if addr.Is4In6() {
		if zone != "" {
			return Name{}, nameError(s, "IPv4 address with a zone")
		}
		addr = addr.Unmap()
	}
	return Name{text: addr.String()}, nil
}

// checkName reports whether t has upper-case letters, and why t is not a name. reason is empty for
// a name.
func checkName(t string) (upper bool, reason string) {
	switch {
	case t == "":
		return false, "empty"
	case len(t) > MaxNameBytes:
		return false, "longer than 253 bytes"
	}
	start := 0
	for i := 0; i <= len(t); i++ {
		if i == len(t) || t[i] == '.' {
			if reason = checkLabel(t[start:i]); reason != "" {
				return false, reason
			}
			if i == len(t) && looksNumeric(t[start:i]) {
				return false, "ends in a number but is not an IP address"
			}
			start = i + 1
			continue
		}
		switch c := t[i]; {
		case 'A' <= c && c <= 'Z':
			upper = true
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false, "character not allowed"
		}
	}
	return upper, ""
}

func checkLabel(label string) string {
	switch {
	case label == "":
		return "empty label"
	case len(label) > MaxLabelBytes:
		return "label longer than 63 bytes"
	case label[0] == '-' || label[len(label)-1] == '-':
		return "label begins or ends with a hyphen"
	}
	return ""
}

// looksNumeric implements the rule "ends in a number" of the WHATWG URL standard: decimal, or
// hexadecimal after 0x.
func looksNumeric(label string) bool {
	digits := "0123456789"
	if len(label) >= 2 && label[0] == '0' && label[1]|0x20 == 'x' {
		label, digits = label[2:], "0123456789abcdefABCDEF"
	}
	return strings.Trim(label, digits) == ""
}

func nameError(s, reason string) error {
	return &Error{Op: "parse", Name: clip(s), Err: fmt.Errorf("%w: %s", ErrName, reason)}
}

// clip shortens an overlong text, which a peer may have chosen, for errors and logs.
func clip(s string) string {
	if len(s) > MaxNameBytes+1 {
		return s[:MaxNameBytes+1]
	}
	return s
}

// String returns the canonical text. The zero Name is the empty string.
func (n Name) String() string { return n.text }

// Addr returns the address if the name is an IP literal, and whether it is one.
func (n Name) Addr() (netip.Addr, bool) {
	// ParseName refuses every other name that ends in a number, and no other name has a colon.
	if t := n.text; t == "" || (t[len(t)-1] < '0' || t[len(t)-1] > '9') && strings.IndexByte(t, ':') < 0 {
		return netip.Addr{}, false
	}
	if strings.IndexByte(n.text, ':') < 0 && !looksNumeric(n.text[strings.LastIndexByte(n.text, '.')+1:]) {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(n.text)
	return addr, err == nil
}

// IsZero reports whether n is the zero Name.
func (n Name) IsZero() bool { return n.text == "" }
