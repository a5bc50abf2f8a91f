package resolve

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestParseName(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	name253 := strings.Repeat(label63+".", 3) + strings.Repeat("b", 61)
	for in, want := range map[string]string{
		"example.com": "example.com", "EXAMPLE.Com.": "example.com", ".": ".", "localhost": "localhost",
		"_sip._tcp.x": "_sip._tcp.x", "a_b.c": "a_b.c", "xn--bcher-kva.de": "xn--bcher-kva.de", "1.2.3.com": "1.2.3.com",
		"3com": "3com", "0xg": "0xg", label63: label63, name253: name253, name253 + ".": name253, "a-b": "a-b",
		"192.0.2.1": "192.0.2.1", "2001:DB8::1": "2001:db8::1", "::ffff:1.2.3.4": "1.2.3.4", "fe80::1%eth0": "fe80::1%eth0",
		"fe80::1%Ethernet 2": "fe80::1%Ethernet 2",
	} {
		n, err := ParseName(in)
		if err != nil || n.String() != want {
			t.Errorf("ParseName(%q) = %q, %v, want %q", in, n, err, want)
		}
	}
	for _, in := range []string{
		"", "..", ".a", "a..b", "a..", label63 + "a", name253 + "b", "a b", "a\x00b", `a\.b`, `a\`, "a%b", "bücher.de", "\xff",
		"a/b", "[::1]", "::1]", "1.2.3.4:80", "-a", "a-", "a.-b.c", "*.example.com", "a\tb", "a.b\n", "::ffff:1.2.3.4%eth0",
		"127.1", "0x7f.1", "2130706433", "010.0.0.1", "1.2.3.4.", "1.2.3", "123", "0x", "a.0xFF", "256.1.1.1", "x.1",
		"fe80::1%a\x00b",
	} {
		n, err := ParseName(in)
		if !errors.Is(err, ErrName) || !n.IsZero() {
			t.Errorf("ParseName(%q) = %q, %v, want ErrName", in, n, err)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"example.com", "A.b.", "::ffff:1.2.3.4", "fe80::1%eth0", "0x7f.1", "a..b", ".", "a\\.b", "ü"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseName(s)
		if err != nil {
			if !errors.Is(err, ErrName) || !n.IsZero() || len(err.Error()) > 5*MaxNameBytes {
				t.Fatalf("ParseName(%q) = %v, %v", s, n, err)
			}
			return
		}
		again, err := ParseName(n.String())
		if err != nil || again != n {
			t.Fatalf("canonical form %q of %q: ParseName = %q, %v", n, s, again, err)
		}
		if addr, ok := n.Addr(); ok {
			if addr.Is4In6() || netip.MustParseAddr(n.String()) != addr {
				t.Fatalf("literal %q: got address %v", s, addr)
			}
			return
		}
		other := strings.ToUpper(strings.TrimSuffix(n.String(), ".")) + "."
		if again, err := ParseName(other); err != nil || again != n {
			t.Fatalf("ParseName(%q) = %q, %v, want %q", other, again, err, n)
		}
		if len(n.String()) > MaxNameBytes || strings.ToLower(n.String()) != n.String() || strings.ContainsAny(n.String(), "\\% \x00:") {
			t.Fatalf("ParseName(%q) = %q", s, n)
		}
	})
}
