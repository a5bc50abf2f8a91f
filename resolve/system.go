package resolve

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
)

// System looks names up through package net. Its Lookup is for [Blocking] and [Pool].
//
// It answers A, AAAA, CNAME, MX, NS, PTR, SRV and TXT questions in class [ClassINET]; others return
// errors.ErrUnsupported. It asks for names of several labels with a final dot, so that the
// machine's search list does not apply. It asks for names of one label, such as localhost, without
// the dot: only in that form does package net find them in the hosts file. The search list applies
// to them.
//
// Package net hides the time to live, the server and, mostly, whether a name does not exist or has
// no data. So answers have no expiry, records have a TTL of zero, and [ErrNotFound] can mean
// [ErrNoData]. It also changes records: it joins the strings of a TXT record, sorts MX and SRV
// records, follows CNAME records to their end, and leaves out malformed names.
type System struct {
	// Resolver performs the lookups. nil means the pure Go resolver, which reads the machine's
	// hosts file and name servers, and needs no thread for a lookup.
	Resolver *net.Resolver
}

// Lookup implements [Lookup] with package net.
//
// If ctx can never end, Lookup uses the method of net.Resolver that needs no goroutine. That method
// always asks for both families. It saves most of the time of a name that the machine knows, and
// costs a second question for a name that it must ask a server for.
func (s System) Lookup(ctx context.Context, q Question) (Answer, error) {
	if q.Class != ClassINET {
		return Answer{}, systemError(q, errors.ErrUnsupported)
	}
	if _, literal := q.Name.Addr(); literal {
		return literalAnswer(q)
	}
	r := s.Resolver
	if r == nil {
		r = &net.Resolver{PreferGo: true}
	}
	if !q.Type.holdsAddrs() {
		return systemRecords(ctx, r, q)
	}
	addrs, err := systemAddrs(ctx, r, q)
	if err != nil {
		return Answer{}, fromNet(ctx, q, err)
	}
	a := NewAnswer(q, addrs)
	a.Origin = OriginSystem
	return a, nil
}

// systemHost returns the name of q as package net expects it.
func systemHost(q Question) string {
	host := q.Name.String()
	if strings.Contains(host, ".") && host != "." {
		host += "."
	}
	return host
}

func systemAddrs(ctx context.Context, r *net.Resolver, q Question) ([]netip.Addr, error) {
	if ctx.Done() != nil {
		network := "ip4"
		if q.Type == TypeAAAA {
			network = "ip6"
		}
		return r.LookupNetIP(ctx, network, systemHost(q))
	}
	texts, err := r.LookupHost(ctx, systemHost(q))
	if err != nil {
		return nil, err
	}
	addrs := make([]netip.Addr, 0, len(texts))
	for _, text := range texts {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return nil, err
		}
		if addr.Is4() == (q.Type == TypeA) {
			addrs = append(addrs, addr)
		}
	}
	if len(addrs) == 0 {
		return nil, ErrNoData
	}
	return addrs, nil
}

func fromNet(ctx context.Context, q Question, err error) error {
	var dns *net.DNSError
	var addr *net.AddrError
	e := &Error{Op: string(OriginSystem), Question: q, Err: err}
	switch {
	case ctx.Err() != nil:
		e.Err = causeOf(ctx)
	case errors.As(err, &addr): // the name has addresses, but none of this family
		e.Err = ErrNoData
	case !errors.As(err, &dns):
	case dns.IsNotFound:
		e.Err, e.Server = ErrNotFound, dns.Server
	case dns.IsTimeout:
		e.Err, e.Server = ErrTimeout, dns.Server
	default:
		// The text describes the failure. Package net marks some of these as temporary and some
		// not, depending on the platform.
		e.Err, e.Server = &systemFailure{dns}, dns.Server
	}
	return e
}

func systemError(q Question, cause error) error {
	return &Error{Op: string(OriginSystem), Question: q, Err: cause}
}

// systemFailure is [ErrServFail] with the text of package net.
type systemFailure struct{ dns *net.DNSError }

func (f *systemFailure) Error() string   { return f.dns.Err }
func (f *systemFailure) Unwrap() []error { return []error{ErrServFail, f.dns} }
func (f *systemFailure) Timeout() bool   { return false }
func (f *systemFailure) Temporary() bool { return true }
