package resolve

import (
	"context"
	"errors"
	"net"
	"strings"
)

// System looks names up through package net. Its Lookup is for [Blocking] and [Pool].
//
// It answers A and AAAA questions in class [ClassINET]; others return errors.ErrUnsupported. It
// asks for names of several labels with a final dot, so that the machine's search list does not
// apply. It asks for names of one label, such as localhost, without the dot: only in that form does
// package net find them in the hosts file. The search list applies to them.
//
// Package net hides the time to live, the server and, mostly, whether a name does not exist or has
// no data. So answers have no expiry, and [ErrNotFound] can mean [ErrNoData].
type System struct {
	// Resolver performs the lookups. nil means the pure Go resolver, which reads the machine's
	// hosts file and name servers, and needs no thread for a lookup.
	Resolver *net.Resolver
}

// Lookup implements [Lookup] with package net.
func (s System) Lookup(ctx context.Context, q Question) (Answer, error) {
	if q.Class != ClassINET || !q.Type.holdsAddrs() {
		return Answer{}, systemError(q, errors.ErrUnsupported)
	}
	if _, literal := q.Name.Addr(); literal {
		return literalAnswer(q)
	}
	r := s.Resolver
	if r == nil {
		r = &net.Resolver{PreferGo: true}
	}
	network := "ip4"
	if q.Type == TypeAAAA {
		network = "ip6"
	}
	host := q.Name.String()
	if strings.Contains(host, ".") && host != "." {
		host += "."
	}
	addrs, err := r.LookupNetIP(ctx, network, host)
	if err != nil {
		return Answer{}, fromNet(ctx, q, err)
	}
	a := NewAnswer(q, addrs)
	a.Origin = OriginSystem
	return a, nil
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
