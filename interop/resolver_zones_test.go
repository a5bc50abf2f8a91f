package interop

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgewise-go/edgewise/interop/internal/interoptest"
	"github.com/edgewise-go/edgewise/resolve/evented"
)

// The sizes of the zone's large sets of records.
const (
	bigAddrs  = 100   // over the 1,232 bytes of a datagram
	hugeAddrs = 4_000 // 64,000 bytes, and a message has at most 65,535
	hugeTexts = 240   // of 263 bytes each, with their headers
	manyTexts = 250   // 65,750 bytes, more than a message holds, and just few enough for BIND to load
)

// negativeTTL is the time to live of negative answers, in seconds.
const negativeTTL = 300

// head begins a zone. The SOA record lives longer than negative answers.
const head = "$TTL 600\n@ SOA ns hostmaster 1 3600 600 86400 300\n@ NS ns\nns A 127.0.0.1\n"

// plainZone has a record of every kind.
func plainZone() string {
	var b strings.Builder
	b.WriteString(head + `
www A 192.0.2.1
www AAAA 2001:db8::1
two A 192.0.2.21
two A 192.0.2.22
four A 192.0.2.4
alias CNAME www
c1 CNAME c2
c2 CNAME c3
c3 CNAME c4
c4 CNAME c5
c5 CNAME c6
c6 CNAME c7
c7 CNAME c8
c8 CNAME www
out CNAME www.other.example.
loop1 CNAME loop2
loop2 CNAME loop1
*.wild A 192.0.2.9
*.many A 192.0.2.10
old DNAME new
www.new A 192.0.2.11
`)
	for _, r := range foreignRecords() {
		fmt.Fprintf(&b, "%s.plain.example. %s\n", r.name, r.text)
	}
	for i := range bigAddrs {
		fmt.Fprintf(&b, "big A 10.1.0.%d\n", i)
	}
	for i := range hugeAddrs {
		fmt.Fprintf(&b, "huge A 10.2.%d.%d\n", i/256, i%256)
	}
	for i := range manyTexts {
		fmt.Fprintf(&b, "larger TXT \"%03d%s\"\n", i, strings.Repeat("x", 247))
	}
	for i := range hugeTexts {
		fmt.Fprintf(&b, "texts TXT \"%03d%s\"\n", i, strings.Repeat("x", 247))
	}
	return b.String()
}

// foreignRecord is a record whose data package resolve does not interpret.
type foreignRecord struct{ name, text string }

func foreignRecords() []foreignRecord {
	return []foreignRecord{
		{"mail", "MX 10 mx1.plain.example."},
		{"mail", "MX 20 mx2.plain.example."},
		{"text", `TXT "one" "two words" "\"\000\255"`},
		{"text", `TXT "three"`},
		{"_sip._tcp", "SRV 1 2 5060 sip.plain.example."},
		{"_sip._tcp", "SRV 1 3 5061 sip.plain.example."},
		{"caa", `CAA 0 issue "ca.example"`},
		{"web", `HTTPS 1 . alpn="h2,h3" ipv4hint="192.0.2.1"`},
		{"_dns", `SVCB 2 dns.plain.example. alpn="dot" port="8853"`},
		{"naptr", `NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@plain.example!" .`},
		{"tlsa", "TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
		{"other", `TYPE65280 \# 4 0a000001`},
	}
}

// falseAnchor makes a validator refuse the zone, which has no such key.
const falseAnchor = "bogus.example. DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// nameservers are the servers of others that run for all checks.
type nameservers struct {
	authority *interoptest.NameServer // BIND, with all zones except other.example
	other     *interoptest.NameServer // BIND with other.example; wants cookies, and closes idle streams after 0.1 s
	refusing  *interoptest.NameServer // BIND that answers EDNS with FORMERR
	dropping  *interoptest.NameServer // BIND that drops queries with EDNS
	unbound   *interoptest.NameServer
	dnsmasq   *interoptest.NameServer
	roots     *x509.CertPool

	closed, silent netip.AddrPort // no listener; an unread socket
}

func startNameservers(t *testing.T) *nameservers {
	dir := t.TempDir()
	zone := func(name, text string) interoptest.Zone {
		z := interoptest.Zone{Name: name, File: filepath.Join(dir, name)}
		if err := os.WriteFile(z.File, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return z
	}
	hosts := "www A 192.0.2.1\nwww AAAA 2001:db8::1\nalias CNAME www\n"
	plain := zone("plain.example", plainZone())
	signed, anchor := interoptest.SignZone(t, zone("signed.example", head+hosts))
	reverse := zone("2.0.192.in-addr.arpa", "$TTL 600\n@ SOA ns.plain.example. hostmaster.plain.example. 1 3600 600 86400 300\n@ NS ns.plain.example.\n1 PTR www.plain.example.\n")
	certificate, roots := newCertificate(t)
	n := &nameservers{roots: roots}
	n.authority = interoptest.Named(t, interoptest.NamedOptions{Certificate: certificate,
		Zones: []interoptest.Zone{plain, signed, zone("bogus.example", head+hosts), reverse}})
	n.other = interoptest.Named(t, interoptest.NamedOptions{Options: "require-server-cookie yes; tcp-idle-timeout 1;", Zones: []interoptest.Zone{zone("other.example", head+hosts)}})
	n.refusing = interoptest.Named(t, interoptest.NamedOptions{Zones: []interoptest.Zone{plain}, Arguments: []string{"-T", "ednsformerr"}})
	n.dropping = interoptest.Named(t, interoptest.NamedOptions{Zones: []interoptest.Zone{plain}, Arguments: []string{"-T", "dropedns"}})

	var u, d strings.Builder
	fmt.Fprintf(&u, " trust-anchor: %q\n trust-anchor: %q\n local-zone: \"2.0.192.in-addr.arpa.\" nodefault\n module-config: \"validator iterator\"\n", anchor, falseAnchor)
	fmt.Fprintf(&u, " msg-buffer-size: 65552\n local-zone: \"local.example.\" static\n local-data: \"www.local.example. A 192.0.2.77\"\n")
	for _, z := range []string{"plain.example", "signed.example", "bogus.example", "2.0.192.in-addr.arpa"} {
		fmt.Fprintf(&u, "forward-zone:\n name: %q\n forward-addr: %s@%d\n", z, n.authority.Addr.Addr(), n.authority.Addr.Port())
		fmt.Fprintf(&d, "server=/%s/%s#%d\n", z, n.authority.Addr.Addr(), n.authority.Addr.Port())
	}
	fmt.Fprintf(&u, "stub-zone:\n name: \"other.example\"\n stub-addr: %s@%d\n", n.other.Addr.Addr(), n.other.Addr.Port())
	fmt.Fprintf(&d, "server=/other.example/%s#%d\naddress=/www.local.example/192.0.2.77\n", n.other.Addr.Addr(), n.other.Addr.Port())
	n.unbound = interoptest.Unbound(t, u.String(), certificate)
	n.dnsmasq = interoptest.Dnsmasq(t, d.String())

	l, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(loopback)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	n.silent = l.LocalAddr().(*net.UDPAddr).AddrPort()
	gone, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(loopback)))
	if err != nil {
		t.Fatal(err)
	}
	n.closed = gone.LocalAddr().(*net.UDPAddr).AddrPort()
	_ = gone.Close()
	return n
}

// newCertificate writes a certificate for the servers into files.
func newCertificate(t *testing.T) (*interoptest.Certificate, *x509.CertPool) {
	server, client := newTLS(t)
	own := server.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := &interoptest.Certificate{Chain: filepath.Join(dir, "chain.pem"), Key: filepath.Join(dir, "key.pem")}
	for path, block := range map[string]*pem.Block{
		c.Chain: {Type: "CERTIFICATE", Bytes: own.Certificate[0]},
		c.Key:   {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c, client.RootCAs
}

// plain are servers that are asked over UDP and TCP.
func plain(all ...*interoptest.NameServer) []evented.Server {
	var servers []evented.Server
	for _, n := range all {
		servers = append(servers, evented.Server{Addr: n.Addr})
	}
	return servers
}
