package sysconfig

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/edgewise-go/edgewise/resolve"
)

// adapter is a network adapter of Windows that is up.
type adapter struct {
	metric   uint32 // the smallest is preferred
	servers  []netip.Addr
	suffixes []string // its own suffix, then its list
}

// windowsSearch holds the suffixes of the machine.
type windowsSearch struct {
	list   string // SearchList, separated by commas; if there is one, it replaces the others
	domain string // the primary domain
}

// newAdapterSettings makes a configuration from adapters.
func newAdapterSettings(adapters []adapter, search windowsSearch, hostname string) *Settings {
	c := newSettings()
	c.Lookup = filesThenDNS()
	w := warnings{file: "adapters"}
	slices.SortStableFunc(adapters, func(a, b adapter) int { return cmp.Compare(a.metric, b.metric) })
	suffixes := strings.FieldsFunc(search.list, func(r rune) bool { return r == ',' || r == ' ' })
	global := len(suffixes) > 0
	if !global && search.domain != "" {
		suffixes = []string{search.domain}
	}
	for i, a := range adapters {
		for _, addr := range a.servers {
			if isDefaultServer(addr) {
				continue
			}
			if !addr.IsLinkLocalUnicast() {
				addr = addr.WithZone("")
			}
			if !c.addServer(netip.AddrPortFrom(addr.Unmap(), dnsPort)) {
				w.add(i+1, "more than %d name servers: the rest is ignored", MaxServers)
				break
			}
		}
		if !global {
			suffixes = append(suffixes, a.suffixes...)
		}
	}
	for _, text := range suffixes {
		name, err := resolve.ParseName(text)
		if _, literal := name.Addr(); err != nil || literal || slices.Contains(c.Search, name) {
			continue
		}
		if len(c.Search) == resolve.MaxSearchSuffixes {
			w.add(0, "more than %d suffixes: the rest is ignored", resolve.MaxSearchSuffixes)
			break
		}
		c.Search = append(c.Search, name)
	}
	c.complete(hostname)
	c.Warnings = w.list
	return c
}

// isDefaultServer reports whether addr is one of the site-local addresses that Windows gives to an
// adapter without servers. They answer nowhere.
func isDefaultServer(addr netip.Addr) bool {
	b := addr.As16()
	return !addr.IsValid() || addr.IsUnspecified() || addr.Is6() && b[0] == 0xfe && b[1]&0xc0 == 0xc0
}
