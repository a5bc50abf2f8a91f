// Package netresolver gives a [resolve.Strategy] the methods of net.Resolver, and gives programs
// that want a *net.Resolver one that asks a strategy.
package netresolver

import (
	"context"
	"net"
	"net/netip"

	"github.com/edgewise-go/edgewise/resolve"
)

// Resolver looks names up like a *net.Resolver: the methods have the same signatures, results and
// errors. It can be used by any number of goroutines and tasks at once.
//
// It differs from package net in these points. Names are absolute: no search list applies. No hosts
// file is read, except by a [resolve.HostsFile] in the strategy. Names that [resolve.ParseName]
// refuses are not looked up, with the reason in the error, and are left out of results; package net
// accepts more of them.
// Canonical names are in lower case. IPv4-mapped literals are IPv4 addresses. There are no events
// of package net/http/httptrace.
//
// Errors are *net.DNSError, with the name as the caller wrote it. They wrap the error of the
// strategy, so that errors.Is finds [resolve.ErrNoData].
type Resolver struct {
	// Host is the strategy and the order of addresses. With its Suspend, a lookup suspends a task.
	// Without, it blocks the goroutine.
	Host resolve.Host
}

// LookupHost returns the addresses of host as text. A literal is returned unchanged.
func (r *Resolver) LookupHost(ctx context.Context, host string) ([]string, error) {
	if _, err := netip.ParseAddr(host); err == nil {
		return []string{host}, nil
	}
	addrs, err := r.addrs(ctx, resolve.FamilyBoth, host)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(addrs))
	for i, addr := range addrs {
		texts[i] = addr.String()
	}
	return texts, nil
}

// LookupIPAddr returns the addresses of host.
func (r *Resolver) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	addrs, err := r.addrs(ctx, resolve.FamilyBoth, host)
	if err != nil {
		return nil, err
	}
	out := make([]net.IPAddr, len(addrs))
	for i, addr := range addrs {
		out[i] = net.IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()}
	}
	return out, nil
}

// LookupIP returns the addresses of host in network, which is "ip", "ip4" or "ip6".
func (r *Resolver) LookupIP(ctx context.Context, network, host string) ([]net.IP, error) {
	addrs, err := r.LookupNetIP(ctx, network, host)
	if err != nil {
		return nil, err
	}
	out := make([]net.IP, len(addrs))
	for i, addr := range addrs {
		out[i] = addr.AsSlice()
	}
	return out, nil
}

// LookupNetIP returns the addresses of host in network, which is "ip", "ip4" or "ip6".
func (r *Resolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	family, ok := familyOf(network)
	if !ok {
		return nil, net.UnknownNetworkError(network)
	}
	return r.addrs(ctx, family, host)
}

func familyOf(network string) (resolve.Family, bool) {
	switch network {
	case "ip":
		return resolve.FamilyBoth, true
	case "ip4":
		return resolve.FamilyV4, true
	case "ip6":
		return resolve.FamilyV6, true
	}
	return 0, false
}

// addrs returns at least one address, or an error.
func (r *Resolver) addrs(ctx context.Context, family resolve.Family, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		addr = addr.Unmap()
		if family == resolve.FamilyV4 && !addr.Is4() || family == resolve.FamilyV6 && !addr.Is6() {
			return nil, notFound(host)
		}
		return []netip.Addr{addr}, nil
	}
	answer, err := r.Host.Lookup(ctx, host, family)
	if err != nil {
		return nil, dnsError(host, err)
	}
	return answer.Addrs(), nil
}

// LookupCNAME returns the name at the end of the chain of CNAME records of host, with a final dot.
// That is host itself if it has no such record, but addresses.
func (r *Resolver) LookupCNAME(ctx context.Context, host string) (string, error) {
	if _, err := netip.ParseAddr(host); err == nil {
		return "", notFound(host)
	}
	answer, err := r.Host.Lookup(ctx, host, resolve.FamilyBoth)
	if err == nil {
		a := answer.V4
		if a.Len() == 0 {
			a = answer.V6
		}
		return canonical(host, a)
	}
	failure := dnsError(host, err)
	if !failure.IsNotFound {
		return "", failure
	}
	// The end of the chain may have no address.
	records, _, err := r.records(ctx, host, resolve.TypeCNAME)
	if err != nil {
		return "", failure
	}
	for _, record := range records {
		if target, ok := record.Host(); ok {
			return absolute(target), nil
		}
	}
	return "", invalidNames(host)
}

// canonical returns the canonical name of an answer with addresses.
func canonical(host string, a resolve.Answer) (string, error) {
	switch {
	case !a.Canonical.IsZero():
		return absolute(a.Canonical), nil
	case a.Filtered > 0:
		return "", invalidNames(host)
	}
	return absolute(a.Question.Name), nil
}

// LookupPort returns the port of a service in network, such as "tcp". It asks package net, which
// reads the list of services and sends nothing.
func (r *Resolver) LookupPort(ctx context.Context, network, service string) (int, error) {
	return net.DefaultResolver.LookupPort(ctx, network, service)
}

// absolute returns the name with a final dot.
func absolute(name resolve.Name) string {
	if text := name.String(); text != "." {
		return text + "."
	}
	return "."
}
