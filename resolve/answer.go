package resolve

import (
	"iter"
	"net/netip"
	"time"
)

// MaxAnswerAddrs bounds the addresses of one answer. A DNS message over UDP carries fewer with EDNS
// at its usual size. The bound keeps a hostile 64 kB message from filling caches.
const MaxAnswerAddrs = 256

// Origin is the name of the strategy or decorator that an answer came from.
type Origin string

// The origins of answers from this package.
const (
	OriginLiteral Origin = "literal"
	OriginStatic  Origin = "static"
	OriginHosts   Origin = "hosts"
	OriginSystem  Origin = "system"
)

// Answer is the positive answer to a question. Negative answers are errors: [ErrNotFound] and
// [ErrNoData].
//
// The addresses are immutable and may be shared: no method returns memory that other callers see.
// The other fields belong to this copy of the Answer.
type Answer struct {
	Question  Question
	Expires   time.Time      // when the answer expires; zero if the source gives no time to live
	Origin    Origin         // the strategy or decorator that provided it
	Server    netip.AddrPort // the DNS server that sent it; zero if none did or it is unknown
	Cached    bool           // the answer came from a [Cache]
	Truncated bool           // there were more than [MaxAnswerAddrs] addresses; the first are kept

	// A single address, the usual case, is stored in place without an allocation.
	one   netip.Addr
	addrs []netip.Addr // two or more; not written after construction
}

// NewAnswer returns the answer to q with a copy of addrs, in their order. It leaves out addresses
// of the wrong family. A answers hold IPv4 addresses, and unmap IPv4-in-IPv6 ones. AAAA answers
// hold IPv6 addresses, including IPv4-in-IPv6 ones, unchanged. NewAnswer keeps at most
// [MaxAnswerAddrs].
func NewAnswer(q Question, addrs []netip.Addr) Answer {
	a := Answer{Question: q}
	var kept []netip.Addr
	for _, addr := range addrs {
		if q.Type == TypeA {
			addr = addr.Unmap()
		}
		if q.Type == TypeA && !addr.Is4() || q.Type == TypeAAAA && !addr.Is6() {
			continue
		}
		if len(kept) == MaxAnswerAddrs {
			a.Truncated = true
			break
		}
		kept = append(kept, addr)
	}
	return a.with(kept)
}

// with returns a with addrs, which must not be written afterwards.
func (a Answer) with(addrs []netip.Addr) Answer {
	if len(addrs) == 1 {
		a.one, a.addrs = addrs[0], nil
		return a
	}
	a.one, a.addrs = netip.Addr{}, addrs
	return a
}

// Len returns the number of addresses.
func (a Answer) Len() int {
	if a.one.IsValid() {
		return 1
	}
	return len(a.addrs)
}

// Addr returns the address at index i, which must be less than [Answer.Len].
func (a Answer) Addr(i int) netip.Addr {
	if i == 0 && a.one.IsValid() {
		return a.one
	}
	return a.addrs[i]
}

// All yields the addresses in the order of the source.
func (a Answer) All() iter.Seq[netip.Addr] {
	return func(yield func(netip.Addr) bool) {
		for i := range a.Len() {
			if !yield(a.Addr(i)) {
				return
			}
		}
	}
}

// AppendAddrs appends the addresses to dst, in the order of the source.
func (a Answer) AppendAddrs(dst []netip.Addr) []netip.Addr {
	if a.one.IsValid() {
		return append(dst, a.one)
	}
	return append(dst, a.addrs...)
}
