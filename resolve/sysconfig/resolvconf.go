package sysconfig

import (
	"io"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// Environment holds the settings that resolv.conf(5) takes from the process and the machine.
type Environment struct {
	LocalDomain *string // LOCALDOMAIN, which replaces the search list; nil if it is not set
	ResOptions  string  // RES_OPTIONS, options after those of the file
	Hostname    string  // its part after the first dot is the search list if there is no other
}

// ParseResolvConf parses a resolv.conf(5). The only possible error is one of r.
//
// A keyword must begin its line. A '#' or ';' begins a comment only as the first character of a
// line. The last search or domain line is used. Options add up. Numbers are clamped to their
// bounds. A server that is not an IP address, a suffix that is not a name, and unknown keywords and
// options are skipped with a warning. A server may have a port, as in "[192.0.2.1]:5353".
//
// The lookup line of OpenBSD sets Lookup, which is nil without one.
func ParseResolvConf(r io.Reader, env Environment) (*Settings, error) {
	c, _, err := parseResolvConf(r, env)
	return c, err
}

// parseResolvConf also reports whether the last line has its end.
func parseResolvConf(r io.Reader, env Environment) (c *Settings, whole bool, err error) {
	p := resolvConfParser{Settings: newSettings(), warnings: warnings{file: "resolv.conf"}}
	whole, err = readLines(r, &p.warnings, p.line)
	if err != nil {
		return nil, false, err
	}
	p.environment(env)
	p.complete(env.Hostname)
	p.Settings.Warnings = p.warnings.list
	return p.Settings, whole, nil
}

type resolvConfParser struct {
	*Settings
	warnings
	hasSearch bool
	flagged   bool // a warning about more than 3 servers was added
}

func (p *resolvConfParser) line(n int, line string) {
	if line == "" || line[0] == '#' || line[0] == ';' {
		return
	}
	words := fields(line)
	if len(words) == 0 {
		return
	}
	if line[0] == ' ' || line[0] == '\t' {
		p.add(n, "%s does not begin its line: ignored", quote(words[0]))
		return
	}
	keyword, values := words[0], words[1:]
	if len(values) == 0 {
		p.add(n, "%s without a value: ignored", quote(keyword))
		return
	}
	switch keyword {
	case "nameserver":
		p.nameserver(n, values[0])
	case "search":
		p.search(n, values)
	case "domain":
		p.search(n, values[:1])
	case "options":
		for _, o := range values {
			p.option(n, o)
		}
	case "lookup":
		p.lookup(n, values)
	case "sortlist", "family": // not for getaddrinfo(3), or not for us to decide
	default:
		p.add(n, "unknown keyword %s: ignored", quote(keyword))
	}
}

// resolvConfServers is the number of servers that the GNU C library uses (MAXNS).
const resolvConfServers = 3

func (p *resolvConfParser) nameserver(n int, text string) {
	if i := strings.IndexAny(text, ";#"); i >= 0 {
		text = text[:i]
	}
	server, ok := parseServer(text)
	if !ok {
		p.add(n, "nameserver %s is not an IP address: ignored", quote(text))
		return
	}
	if zone := server.Addr().Zone(); zone != "" && !server.Addr().IsLinkLocalUnicast() {
		p.add(n, "nameserver %s is not link-local: its zone is ignored", quote(text))
		server = netip.AddrPortFrom(server.Addr().WithZone(""), server.Port())
	}
	switch {
	case !p.addServer(server):
		p.add(n, "more than %d name servers: the rest is ignored", MaxServers)
	case len(p.Servers) > resolvConfServers && !p.flagged:
		p.flagged = true
		p.add(n, "more than %d name servers: the C library ignores the rest", resolvConfServers)
	}
}

// parseServer parses an address, or the form [address]:port of OpenBSD.
func parseServer(text string) (netip.AddrPort, bool) {
	port := uint64(dnsPort)
	if rest, ok := strings.CutPrefix(text, "["); ok {
		addr, digits, found := strings.Cut(rest, "]:")
		n, err := strconv.ParseUint(digits, 10, 16)
		if !found || err != nil || n == 0 {
			return netip.AddrPort{}, false
		}
		text, port = addr, n
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Is4In6() && addr.Zone() != "" || strings.ContainsFunc(addr.Zone(), isControl) {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(port)), true
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func (p *resolvConfParser) search(n int, suffixes []string) {
	p.hasSearch = true
	p.Search = nil
	for _, text := range suffixes {
		// The C library also ignores one leading dot.
		if len(text) > 1 {
			text = strings.TrimPrefix(text, ".")
		}
		name, err := resolve.ParseName(text)
		if _, literal := name.Addr(); err != nil || literal {
			p.add(n, "search %s is not a name: ignored", quote(text))
			continue
		}
		if len(p.Search) == resolve.MaxSearchSuffixes {
			p.add(n, "more than %d suffixes: the rest is ignored", resolve.MaxSearchSuffixes)
			return
		}
		p.Search = append(p.Search, name)
	}
}

func (p *resolvConfParser) option(n int, text string) {
	name, value, hasValue := strings.Cut(text, ":")
	if hasValue {
		p.number(n, name, value)
		return
	}
	switch name {
	case "rotate":
		p.Rotate = true
	case "use-vc", "usevc", "tcp":
		p.UseTCP = true
	case "single-request":
		p.SingleRequest = true
	case "single-request-reopen":
		p.SingleRequestReopen = true
	case "no-aaaa":
		p.NoAAAA = true
	case "no-tld-query", "no_tld_query":
		p.NoTLDQuery = true
	case "trust-ad":
		p.TrustAD = true
	case "edns0":
		p.EDNS0 = true
	case "no-reload":
		p.NoReload = true
	case "debug", "inet6", "no-check-names", "ip6-bytestring", "ip6-dotint", "no-ip6-dotint":
		// They have no meaning here, or none any more.
	default:
		p.add(n, "unknown option %s: ignored", quote(text))
	}
}

func (p *resolvConfParser) number(n int, name, text string) {
	value, ok := leadingInt(text)
	switch {
	case name != "ndots" && name != "timeout" && name != "attempts":
		p.add(n, "unknown option %s: ignored", quote(name))
	case !ok:
		p.add(n, "option %s: %s is not a number: ignored", name, quote(text))
	case name == "ndots":
		p.Ndots = min(max(value, 0), MaxNdots)
	case name == "timeout":
		p.Timeout = time.Duration(min(max(value, int(MinTimeout/time.Second)), int(MaxTimeout/time.Second))) * time.Second
	case name == "attempts":
		p.Attempts = min(max(value, MinAttempts), MaxAttempts)
	}
}

// leadingInt parses the number at the beginning of text, as atoi(3) does, without its overflow.
func leadingInt(text string) (int, bool) {
	digits, negative := strings.CutPrefix(text, "-")
	n, i := 0, 0
	for ; i < len(digits) && '0' <= digits[i] && digits[i] <= '9'; i++ {
		n = min(n*10+int(digits[i]-'0'), math.MaxInt32/10-1)
	}
	if negative {
		n = -n
	}
	return n, i > 0
}

// lookup takes the order of the sources on OpenBSD, whose names it translates.
func (p *resolvConfParser) lookup(n int, values []string) {
	names := map[string]string{"file": "files", "bind": "dns", "yp": "nis"}
	p.Lookup = nil
	for _, v := range values {
		name := names[v]
		if name == "" || len(p.Lookup) == MaxModules {
			p.add(n, "lookup %s: ignored", quote(v))
			continue
		}
		p.Lookup = append(p.Lookup, Module{Name: name})
	}
}

func (p *resolvConfParser) environment(env Environment) {
	if env.LocalDomain != nil {
		p.warnings.file = "LOCALDOMAIN"
		p.search(1, fields(clipped(*env.LocalDomain)))
	}
	p.warnings.file = "RES_OPTIONS"
	for _, o := range fields(clipped(env.ResOptions)) {
		p.option(1, o)
	}
	if p.hasSearch {
		return
	}
	if _, domain, ok := strings.Cut(strings.TrimSuffix(env.Hostname, "."), "."); ok {
		p.warnings.file = "host name"
		p.search(1, []string{domain})
	}
}

func clipped(s string) string { return s[:min(len(s), MaxLineBytes)] }
