package sysconfig

import (
	"net/netip"
	"slices"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// The bounds of a [Settings]. What exceeds them is skipped and noted in a warning.
const (
	MaxServers  = 16 // the GNU C library uses the first 3
	MaxModules  = 16
	MaxWarnings = 16
)

// The defaults and bounds of the options, from resolv.conf(5).
const (
	DefaultNdots    = 1
	DefaultTimeout  = 5 * time.Second
	DefaultAttempts = 2

	MaxNdots    = 15
	MinTimeout  = time.Second
	MaxTimeout  = 30 * time.Second
	MinAttempts = 1
	MaxAttempts = 5
)

// dnsPort is the port of name servers.
const dnsPort = 53

// Settings is the configuration of the system's resolver. It is shared and must not be modified.
type Settings struct {
	// Servers are the name servers, in their order, without duplicates, at most [MaxServers]. There
	// is at least one: 127.0.0.1 and ::1 if the system names none. Only link-local addresses have a
	// zone.
	Servers []netip.AddrPort

	// Search are the suffixes for relative names, in their order, at most
	// [resolve.MaxSearchSuffixes]. The root "." among them means the name as it is.
	Search []resolve.Name

	Ndots    int           // dots in a name that is tried as it is before the search list
	Timeout  time.Duration // of one try with one server
	Attempts int           // tries with each server

	Rotate              bool // begin with another server for each question
	UseTCP              bool // use-vc: no UDP
	SingleRequest       bool // ask for A and AAAA one after the other
	SingleRequestReopen bool // ask for A and AAAA from different sockets
	NoAAAA              bool // do not ask for AAAA
	NoTLDQuery          bool // do not ask for a name without dots as it is
	TrustAD             bool // ask for the AD bit of answers, and believe it
	EDNS0               bool // use EDNS
	NoReload            bool // a [Watcher] does not look for changes

	// Lookup are the sources of host names, in their order, at most [MaxModules].
	Lookup []Module

	// Warnings describe what was skipped, one line each, at most [MaxWarnings].
	Warnings []string

	hostname    string
	fromServers bool // Servers were in the configuration and are not the default
}

// HostSearch returns the search list in the form of [resolve.Host].
func (c *Settings) HostSearch() resolve.Search {
	return resolve.Search{Suffixes: c.Search, Ndots: c.Ndots, NoTLDQuery: c.NoTLDQuery}
}

func newSettings() *Settings {
	return &Settings{Ndots: DefaultNdots, Timeout: DefaultTimeout, Attempts: DefaultAttempts}
}

// addServer reports whether there was room for the server, or it was known.
func (c *Settings) addServer(s netip.AddrPort) bool {
	if slices.Contains(c.Servers, s) {
		return true
	}
	if len(c.Servers) == MaxServers {
		return false
	}
	c.Servers = append(c.Servers, s)
	c.fromServers = true
	return true
}

// complete adds what a configuration leaves out.
func (c *Settings) complete(hostname string) {
	c.hostname = hostname
	if len(c.Servers) == 0 {
		c.Servers = []netip.AddrPort{
			netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), dnsPort),
			netip.AddrPortFrom(netip.IPv6Loopback(), dnsPort),
		}
	}
}

// equal reports whether c and d configure the same.
func (c *Settings) equal(d *Settings) bool {
	a, b := *c, *d
	same := slices.Equal(a.Servers, b.Servers) && slices.Equal(a.Search, b.Search) && slices.Equal(a.Warnings, b.Warnings) &&
		slices.EqualFunc(a.Lookup, b.Lookup, func(m, n Module) bool {
			return m.Name == n.Name && slices.Equal(m.Criteria, n.Criteria)
		})
	return same && a.options() == b.options()
}

// options returns the comparable part of c.
func (c *Settings) options() any {
	type options struct {
		ndots    int
		timeout  time.Duration
		attempts int
		hostname string
		flags    [10]bool
	}
	return options{c.Ndots, c.Timeout, c.Attempts, c.hostname, [10]bool{c.Rotate, c.UseTCP, c.SingleRequest,
		c.SingleRequestReopen, c.NoAAAA, c.NoTLDQuery, c.TrustAD, c.EDNS0, c.NoReload, c.fromServers}}
}
