package netresolver

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"

	"github.com/edgewise-go/edgewise/resolve"
)

// records returns the records of name, and how many were left out or cannot be read.
func (r *Resolver) records(ctx context.Context, name string, t resolve.Type) ([]resolve.Record, resolve.Answer, error) {
	q, err := resolve.NewQuestion(name, t)
	if err != nil {
		return nil, resolve.Answer{}, notFound(name)
	}
	answer, err := r.Host.Wait(ctx, q)
	if err != nil {
		return nil, resolve.Answer{}, dnsError(name, err)
	}
	var records []resolve.Record
	for record := range answer.Records() {
		if record.Type == t {
			records = append(records, record)
		}
	}
	if len(records) == 0 && answer.Filtered == 0 {
		return nil, resolve.Answer{}, notFound(name)
	}
	return records, answer, nil
}

// partial returns the error that accompanies results from which names were left out.
func partial(name string, a resolve.Answer, records, results int) error {
	if a.Filtered == 0 && records == results {
		return nil
	}
	return invalidNames(name)
}

// LookupMX returns the mail exchangers of name, sorted by preference, and in random order among
// equal ones. If names were left out, it also returns an error.
func (r *Resolver) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	records, answer, err := r.records(ctx, name, resolve.TypeMX)
	if err != nil {
		return nil, err
	}
	sorted := make([]resolve.MX, 0, len(records))
	for _, record := range records {
		if mx, ok := record.MX(); ok {
			sorted = append(sorted, mx)
		}
	}
	resolve.SortMX(sorted, random())
	out := make([]*net.MX, len(sorted))
	for i, mx := range sorted {
		out[i] = &net.MX{Host: absolute(mx.Host), Pref: mx.Preference}
	}
	return out, partial(name, answer, len(records), len(out))
}

// LookupNS returns the name servers of name. If names were left out, it also returns an error.
func (r *Resolver) LookupNS(ctx context.Context, name string) ([]*net.NS, error) {
	hosts, err := r.hosts(ctx, name, name, resolve.TypeNS)
	if hosts == nil {
		return nil, err
	}
	out := make([]*net.NS, len(hosts))
	for i, host := range hosts {
		out[i] = &net.NS{Host: host}
	}
	return out, err
}

// LookupAddr returns the names of an address, from its PTR records. If names were left out, it also
// returns an error. A zone is ignored.
func (r *Resolver) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return nil, &net.DNSError{Err: "unrecognized address", Name: addr}
	}
	return r.hosts(ctx, addr, reverse(ip), resolve.TypePTR)
}

// hosts returns the names in records of the type. written is the name for errors.
func (r *Resolver) hosts(ctx context.Context, written, name string, t resolve.Type) ([]string, error) {
	records, answer, err := r.records(ctx, name, t)
	if err != nil {
		return nil, renamed(err, written)
	}
	out := make([]string, 0, len(records))
	for _, record := range records {
		if host, ok := record.Host(); ok {
			out = append(out, absolute(host))
		}
	}
	return out, partial(written, answer, len(records), len(out))
}

// reverse returns the name that has the PTR records of an address (RFC 1035, section 3.5, and RFC
// 3596, section 2.5).
func reverse(addr netip.Addr) string {
	const digits = "0123456789abcdef"
	addr = addr.Unmap()
	ip := addr.AsSlice()
	text := make([]byte, 0, 4*len(ip)+len("in-addr.arpa"))
	for i := len(ip) - 1; i >= 0; i-- {
		if addr.Is4() {
			text = append(strconv.AppendUint(text, uint64(ip[i]), 10), '.')
		} else {
			text = append(text, digits[ip[i]&0x0f], '.', digits[ip[i]>>4], '.')
		}
	}
	if addr.Is4() {
		return string(append(text, "in-addr.arpa"...))
	}
	return string(append(text, "ip6.arpa"...))
}

// LookupTXT returns the TXT records of name, each with its strings joined.
func (r *Resolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	records, _, err := r.records(ctx, name, resolve.TypeTXT)
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(records))
	for _, record := range records {
		if text, ok := record.Text(); ok {
			out = append(out, text)
		}
	}
	return out, nil
}

// LookupSRV returns the targets of the service _service._proto.name, or of name if both are empty,
// and the canonical name. The targets are sorted by priority, and by a draw with their weights
// among equal ones. If names were left out, it also returns an error.
func (r *Resolver) LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error) {
	owner := name
	if service != "" || proto != "" {
		owner = "_" + service + "._" + proto + "." + name
	}
	records, answer, err := r.records(ctx, owner, resolve.TypeSRV)
	if err != nil {
		return "", nil, err // package net names the owner too
	}
	sorted := make([]resolve.SRV, 0, len(records))
	for _, record := range records {
		if srv, ok := record.SRV(); ok {
			sorted = append(sorted, srv)
		}
	}
	resolve.SortSRV(sorted, random())
	out := make([]*net.SRV, len(sorted))
	for i, srv := range sorted {
		out[i] = &net.SRV{Target: absolute(srv.Target), Port: srv.Port, Priority: srv.Priority, Weight: srv.Weight}
	}
	cname := answer.Canonical
	if cname.IsZero() {
		cname = answer.Question.Name
	}
	return absolute(cname), out, partial(name, answer, len(records), len(out))
}

// random returns a source for one sort. The global one is seeded by the runtime.
func random() *rand.Rand { return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) }
