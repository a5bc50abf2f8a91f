package sysconfig

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/resolve"
)

func servers(texts ...string) []netip.AddrPort {
	var list []netip.AddrPort
	for _, s := range texts {
		if !strings.HasSuffix(s, ":5353") {
			list = append(list, netip.AddrPortFrom(netip.MustParseAddr(s), 53))
			continue
		}
		list = append(list, netip.MustParseAddrPort(s))
	}
	return list
}

func texts(names []resolve.Name) []string {
	list := []string{}
	for _, n := range names {
		list = append(list, n.String())
	}
	return list
}

func parse(t *testing.T, text string, env Environment) *Settings {
	t.Helper()
	c, err := ParseResolvConf(strings.NewReader(text), env)
	require.NoError(t, err)
	return c
}

func TestServers(t *testing.T) {
	localhost := servers("127.0.0.1", "::1")
	for _, x := range []struct {
		name, text string
		want       []netip.AddrPort
		warnings   int
	}{
		{"empty", "", localhost, 0},
		{"comments only", "# nameserver 192.0.2.1\n;nameserver 192.0.2.1\n", localhost, 0},
		{"both families", "nameserver 192.0.2.1\nnameserver\t2001:db8::1\n", servers("192.0.2.1", "2001:db8::1"), 0},
		{"no line end", "nameserver 192.0.2.1", servers("192.0.2.1"), 0},
		{"CRLF", "nameserver 192.0.2.1\r\nnameserver 192.0.2.2\r\n", servers("192.0.2.1", "192.0.2.2"), 0},
		{"zone", "nameserver fe80::1%eth0\n", servers("fe80::1%eth0"), 0},
		{"zone of a global address", "nameserver 2001:db8::1%eth0\n", servers("2001:db8::1"), 1},
		{"IPv4-in-IPv6", "nameserver ::ffff:192.0.2.1\n", servers("192.0.2.1"), 0},
		{"port", "nameserver [192.0.2.1]:5353\nnameserver [2001:db8::1]:5353\n", servers("192.0.2.1:5353", "[2001:db8::1]:5353"), 0},
		{"text after the address", "nameserver 192.0.2.1 # first\nnameserver 192.0.2.2;second\n", servers("192.0.2.1", "192.0.2.2"), 0},
		{"garbage", "nameserver\nnameserver x\nnameserver 1.2.3\nnameserver 192.0.2.256\nnameserver [::1]:0\nnameserver 192.0.2.1\n", servers("192.0.2.1"), 5},
		{"not at the beginning of the line", " nameserver 192.0.2.1\n", localhost, 1},
		{"a longer keyword", "nameservers 192.0.2.1\nNAMESERVER 192.0.2.1\n", localhost, 2},
		{"duplicates", "nameserver 192.0.2.1\nnameserver 192.0.2.1\n", servers("192.0.2.1"), 0},
		{"more than the C library uses", "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\nnameserver 192.0.2.5\n",
			servers("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"), 1},
		{"binary", "\x00\x01\xff\xfe\nnameserver 192.0.2.1\x00\nnameserver 192.0.2.2\n", servers("192.0.2.2"), 2},
		{"overlong line", "search " + strings.Repeat("x", 1<<20) + "\nnameserver 192.0.2.1\n", servers("192.0.2.1"), 2},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := parse(t, x.text, Environment{})
			require.Equal(t, x.want, c.Servers)
			require.Len(t, c.Warnings, x.warnings, "%q", c.Warnings)
		})
	}
}

// The name that the bound cuts in two is not a suffix.
func TestOverlongLine(t *testing.T) {
	start := "search a.example b.example "
	text := start + strings.Repeat(" ", MaxLineBytes-len(start)-6) + "c.example d.example\n"
	require.Equal(t, []string{"a.example", "b.example"}, texts(parse(t, text, Environment{}).Search))
}

func TestServersAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 2 * MaxServers {
		fmt.Fprintf(&b, "nameserver 192.0.2.%d\n", i)
	}
	require.Len(t, parse(t, b.String(), Environment{}).Servers, MaxServers)
}

func TestSearch(t *testing.T) {
	var many strings.Builder
	many.WriteString("search")
	for i := range 300 {
		fmt.Fprintf(&many, " s%d.example", i)
	}
	empty, local := "", "b.example A.example"
	for _, x := range []struct {
		name, text string
		env        Environment
		want       []string
	}{
		{"several", "search a.example B.Example.\tc\n", Environment{}, []string{"a.example", "b.example", "c"}},
		{"last search", "search a.example\nsearch b.example\n", Environment{}, []string{"b.example"}},
		{"domain after search", "search a.example b.example\ndomain c.example d.example\n", Environment{}, []string{"c.example"}},
		{"search after domain", "domain c.example\nsearch a.example b.example\n", Environment{}, []string{"a.example", "b.example"}},
		{"search without a value", "search a.example\nsearch\n", Environment{}, []string{"a.example"}},
		{"root", "search .\n", Environment{Hostname: "h.example"}, []string{"."}},
		{"root among others", "search . a.example\n", Environment{}, []string{".", "a.example"}},
		{"leading dot", "search .a.example\n", Environment{}, []string{"a.example"}},
		{"dashes", "search -- a.example\n", Environment{}, []string{"a.example"}},
		{"comment in the line", "search a.example # b\n", Environment{}, []string{"a.example", "b"}},
		{"too long", "search " + strings.Repeat("x.", 127) + "x a.example\n", Environment{}, []string{"a.example"}},
		{"not ASCII", "search b\u00fccher.example xn--bcher-kva.example\n", Environment{}, []string{"xn--bcher-kva.example"}},
		{"an address", "search 192.0.2.1 a.example\n", Environment{}, []string{"a.example"}},
		{"host name", "", Environment{Hostname: "host.Sub.example"}, []string{"sub.example"}},
		{"host name without domain", "", Environment{Hostname: "host"}, []string{}},
		{"host name with a list", "search a.example\n", Environment{Hostname: "host.sub.example"}, []string{"a.example"}},
		{"LOCALDOMAIN", "search c.example\n", Environment{LocalDomain: &local}, []string{"b.example", "a.example"}},
		{"empty LOCALDOMAIN", "search c.example\n", Environment{LocalDomain: &empty, Hostname: "host.sub.example"}, []string{}},
	} {
		t.Run(x.name, func(t *testing.T) {
			require.Equal(t, x.want, texts(parse(t, x.text, x.env).Search))
		})
	}
	require.Len(t, parse(t, many.String(), Environment{}).Search, resolve.MaxSearchSuffixes)
}

func TestOptions(t *testing.T) {
	type numbers struct {
		ndots    int
		timeout  time.Duration
		attempts int
	}
	for _, x := range []struct {
		text, env string
		want      numbers
	}{
		{"", "", numbers{1, 5 * time.Second, 2}},
		{"options ndots:3 timeout:7 attempts:4\n", "", numbers{3, 7 * time.Second, 4}},
		{"options ndots:999 timeout:999 attempts:999\n", "", numbers{15, 30 * time.Second, 5}},
		{"options ndots:99999999999999999999\n", "", numbers{15, 5 * time.Second, 2}},
		{"options ndots:-1 timeout:-1 attempts:-1\n", "", numbers{0, time.Second, 1}},
		{"options ndots:0 timeout:0 attempts:0\n", "", numbers{0, time.Second, 1}},
		{"options ndots: timeout:x attempts:-\n", "", numbers{1, 5 * time.Second, 2}},
		{"options ndots:2x\n", "", numbers{2, 5 * time.Second, 2}},
		{"options ndots:3\noptions timeout:7\noptions ndots:4\n", "", numbers{4, 7 * time.Second, 2}},
		{"options ndots:3 timeout:7\n", "ndots:5 attempts:1", numbers{5, 7 * time.Second, 1}},
	} {
		c := parse(t, x.text, Environment{ResOptions: x.env})
		require.Equal(t, x.want, numbers{c.Ndots, c.Timeout, c.Attempts}, "%q and %q", x.text, x.env)
	}

	c := parse(t, "options rotate use-vc single-request\noptions single-request-reopen no-aaaa no-tld-query trust-ad edns0 no-reload debug\n", Environment{})
	require.True(t, c.Rotate && c.UseTCP && c.SingleRequest && c.SingleRequestReopen && c.NoAAAA && c.NoTLDQuery && c.TrustAD && c.EDNS0 && c.NoReload)
	require.Empty(t, c.Warnings)
	c = parse(t, "options single-request-reopen rotated ndots\n", Environment{})
	require.True(t, c.SingleRequestReopen)
	require.False(t, c.SingleRequest || c.Rotate)
	require.Len(t, c.Warnings, 2)
}

func TestWarningsAreBounded(t *testing.T) {
	c := parse(t, strings.Repeat("rubbish "+strings.Repeat("x", 1000)+"\n", 10000), Environment{})
	require.Len(t, c.Warnings, MaxWarnings)
	for _, w := range c.Warnings {
		require.Less(t, len(w), 200)
	}
}

func TestOverlongFile(t *testing.T) {
	text := "nameserver 192.0.2.1\n" + strings.Repeat("#\n", MaxFileBytes/2) + "nameserver 192.0.2.2\n"
	c := parse(t, text, Environment{})
	require.Equal(t, servers("192.0.2.1"), c.Servers)
	require.Len(t, c.Warnings, 1)
}

func TestReaderError(t *testing.T) {
	_, err := ParseResolvConf(iotest.ErrReader(syscall.EIO), Environment{})
	require.True(t, errors.Is(err, syscall.EIO))
	_, _, err = ParseNSSwitch(iotest.ErrReader(syscall.EIO))
	require.True(t, errors.Is(err, syscall.EIO))
}

func TestOpenBSDLookup(t *testing.T) {
	c := parse(t, "lookup file bind\n", Environment{})
	require.Equal(t, []Module{{Name: "files"}, {Name: "dns"}}, c.Lookup)
	require.Nil(t, parse(t, "", Environment{}).Lookup)
}
