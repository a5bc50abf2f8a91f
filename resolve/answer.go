package resolve

import (
	"iter"
	"net/netip"
	"time"
)

// MaxAnswerAddrs bounds the addresses of one answer. It is more than a DNS message over UDP can
// carry with EDNS at its usual size, and keeps a hostile 64 kB message from filling caches.
const MaxAnswerAddrs = 256

// Origin names the strategy or the decorator that knew an answer.
type Origin string

// The sources of this package.
const (
	OriginLiteral Origin = "literal"
	OriginStatic  Origin = "static"
	OriginHosts   Origin = "hosts"
	OriginSystem  Origin = "system"
)

// Answer is the positive answer to a question. Negative answers are errors: [ErrNotFound] and
// [ErrNoData].
//
// What was answered is immutable and may be shared: no method hands out memory that others see. The
// other fields belong to this copy of the Answer.
type Answer struct {
	Question  Question
	Expires   time.Time      // when the answer ends; zero where the source states no time to live
	Origin    Origin         // who knew it
	Server    netip.AddrPort // the DNS server that said it; zero where none did or it is not known
	Cached    bool           // it came out of a [Cache]
	Truncated bool           // there were more than [MaxAnswerAddrs] addresses; the first ones were kept

	// One address, the usual case, is stored in place and costs no allocation.
	one   netip.Addr
	addrs []netip.Addr // two or more; never written after the Answer was made
}

// NewAnswer makes the answer to q from a copy of addrs, in their order. Addresses of the wrong
// family are left out: A answers hold IPv4 addresses, unmapped if they came as IPv4-in-IPv6; AAAA
// answers hold IPv6 addresses, among them IPv4-in-IPv6 ones, as they came. At most [MaxAnswerAddrs]
// are kept.
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

// with returns a with addrs, which nobody may write to any more.
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
