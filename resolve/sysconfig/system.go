package sysconfig

import (
	"fmt"
	"strings"

	"github.com/edgewise-go/edgewise/resolve"
)

// scope selects the names that a source may answer.
type scope uint8

const (
	scopeNone  scope = iota // answered from the files and the DNS
	scopeOwn                // the machine's own names
	scopeLocal              // names in .local, and reverse names of link-local addresses
	scopeLabel              // names of one label
	scopeAll
)

// scopes lists the known sources. An unlisted one may answer any name.
//
//   - This module implements files and dns. cache (FreeBSD) is a cache of the others.
//   - nss-myhostname(8) answers the machine's own names, and those of its gateway.
//   - nss-mdns asks for names in .local, unless its own configuration file lists more.
//   - nss-mymachines(8) answers names of local containers, which have one label.
var scopes = map[string]scope{
	"files": scopeNone, "dns": scopeNone, "cache": scopeNone,
	"myhostname":    scopeOwn,
	"mdns4_minimal": scopeLocal, "mdns6_minimal": scopeLocal, "mdns_minimal": scopeLocal,
	"mdns4": scopeLocal, "mdns6": scopeLocal, "mdns": scopeLocal, "mdnsd": scopeLocal, "multicast_dns": scopeLocal,
	"mymachines": scopeLabel,
}

func scopeOf(source string) scope {
	if s, ok := scopes[source]; ok {
		return s
	}
	return scopeAll
}

// NeedsSystem reports whether some name needs a source other than the hosts file and the DNS, or a
// criterion that is not known, and which. The machine's own name does not count: see
// [Settings.NameNeedsSystem].
func (c *Settings) NeedsSystem() (bool, string) {
	for _, m := range c.Lookup {
		if scopeOf(m.Name) > scopeOwn {
			return true, fmt.Sprintf("hosts are also looked up with %s", m.Name)
		}
		if text, odd := m.unknown(); odd {
			return true, text
		}
	}
	return false, ""
}

// NameNeedsSystem reports whether name needs a source other than the hosts file and the DNS, and
// which. Sources with a known purpose count only for names that they may answer: multicast DNS for
// names in .local, mymachines for names of one label, and myhostname for the machine's own name and
// for _gateway and _outbound.
func (c *Settings) NameNeedsSystem(name resolve.Name) (bool, string) {
	if _, literal := name.Addr(); literal {
		return false, ""
	}
	for _, m := range c.Lookup {
		if scopeOf(m.Name).holds(name.String(), c.hostname) {
			return true, fmt.Sprintf("%v may be known to %s", name, m.Name)
		}
		if text, odd := m.unknown(); odd {
			return true, text
		}
	}
	return false, ""
}

func (m Module) unknown() (string, bool) {
	for _, c := range m.Criteria {
		if !c.known() {
			return fmt.Sprintf("a criterion of %s is not known", m.Name), true
		}
	}
	return "", false
}

func (s scope) holds(name, hostname string) bool {
	switch s {
	case scopeNone:
		return false
	case scopeOwn:
		own := strings.ToLower(strings.TrimSuffix(hostname, "."))
		return own != "" && name == own || name == "_gateway" || name == "_outbound"
	case scopeLocal:
		return below(name, "local") || below(name, "254.169.in-addr.arpa") || linkLocalReverse(name)
	case scopeLabel:
		return !strings.Contains(name, ".")
	}
	return true
}

// linkLocalReverse reports whether name is the reverse name of an address in fe80::/10.
func linkLocalReverse(name string) bool {
	for _, digit := range []string{"8", "9", "a", "b"} {
		if below(name, digit+".e.f.ip6.arpa") {
			return true
		}
	}
	return false
}

// below reports whether name is domain or below it.
func below(name, domain string) bool {
	host, ok := strings.CutSuffix(name, domain)
	return ok && (host == "" || strings.HasSuffix(host, "."))
}
