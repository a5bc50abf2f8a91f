package resolve

import (
	"iter"
	"net/netip"
	"time"
	"unsafe"
)

// The bounds of one answer.
const (
	// MaxAnswerAddrs bounds the addresses of one answer. The largest DNS message, of 65,535 bytes,
	// carries 4,095.
	MaxAnswerAddrs = 4096
	// MaxAnswerRecords bounds the records of one answer, which are at least 11 bytes of a message.
	MaxAnswerRecords = 6144
)

// Origin is the name of the strategy or decorator that an answer came from.
type Origin string

// The origins of answers from this package.
const (
	OriginLiteral Origin = "literal"
	OriginStatic  Origin = "static"
	OriginHosts   Origin = "hosts"
	OriginSystem  Origin = "system"
	OriginSpecial Origin = "special" // a name that RFC 6761 or a later one reserves
	OriginUDP     Origin = "udp"
	OriginTCP     Origin = "tcp"
	OriginTLS     Origin = "tls"   // RFC 7858
	OriginHTTPS   Origin = "https" // RFC 8484
)

// Answer is the positive answer to a question. Negative answers are errors: [ErrNotFound] and
// [ErrNoData].
//
// The answer to an A or AAAA question holds addresses, that to any other question holds records.
// Both are immutable and may be shared: no method returns memory that other callers see. The other
// fields belong to this copy of the Answer.
type Answer struct {
	Question Question
	// Canonical is the name that owns the records, at the end of a chain of CNAME records. Zero
	// means that it is the name of the question, or unknown.
	Canonical Name
	Expires   time.Time      // when the answer expires; zero if the source gives no time to live
	Origin    Origin         // the strategy or decorator that provided it
	Server    netip.AddrPort // the DNS server that sent it; zero if none did or it is unknown
	Cached    bool           // the answer came from a [Cache]
	Stale     bool           // it has expired, and is served because no server answers (RFC 8767)
	Truncated bool           // there were more addresses or records than the bound; the first are kept
	// Filtered counts the records that were left out because a name in them is not a host name. A
	// hostile server could pass such names to programs that do not expect quotes or control
	// characters in them. In an answer with addresses, which have no names, it counts the canonical
	// name.
	Filtered int
	// Authenticated is the AD bit (RFC 4035, section 3.2.3) of a server that the configuration
	// trusts. It is false otherwise.
	Authenticated bool

	// A single address, the usual case, is stored in place without an allocation.
	one     netip.Addr
	addrs   []netip.Addr // two or more; not written after construction
	records []Record     // not written after construction
}

// NewAnswer returns the answer to q with a copy of addrs, in their order. It leaves out addresses
// of the wrong family. A answers hold IPv4 addresses, and unmap IPv4-in-IPv6 ones. AAAA answers
// hold IPv6 addresses, including IPv4-in-IPv6 ones, unchanged. NewAnswer keeps at most
// [MaxAnswerAddrs].
func NewAnswer(q Question, addrs []netip.Addr) Answer {
	a := Answer{Question: q}
	// Count first: one address needs no slice, and several need one of the right size.
	n := 0
	for _, addr := range addrs {
		addr, ok := q.Type.family(addr)
		switch {
		case !ok:
			continue
		case n == MaxAnswerAddrs:
			a.Truncated = true
		case n == 0:
			a.one = addr
			n++
		default:
			n++
		}
	}
	if n < 2 {
		return a
	}
	kept := make([]netip.Addr, 0, n)
	for _, addr := range addrs {
		if addr, ok := q.Type.family(addr); ok && len(kept) < n {
			kept = append(kept, addr)
		}
	}
	return a.with(kept)
}

// family returns addr as answers of the type hold it, and whether they do.
func (t Type) family(addr netip.Addr) (netip.Addr, bool) {
	if t == TypeA {
		addr = addr.Unmap()
	}
	return addr, (t != TypeA || addr.Is4()) && (t != TypeAAAA || addr.Is6())
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

// NewRecordAnswer returns the answer to q with a copy of records, in their order. It keeps at most
// [MaxAnswerRecords].
func NewRecordAnswer(q Question, records []Record) Answer {
	a := Answer{Question: q, Truncated: len(records) > MaxAnswerRecords}
	a.records = append(a.records, records[:min(len(records), MaxAnswerRecords)]...)
	return a
}

// RecordCount returns the number of records.
func (a Answer) RecordCount() int { return len(a.records) }

// Records yields the records in the order of the source.
func (a Answer) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for _, r := range a.records {
			if !yield(r) {
				return
			}
		}
	}
}

// memory returns the bytes that the answer refers to, besides itself.
func (a Answer) memory() int {
	n := len(a.Question.Name.text) + len(a.Canonical.text) + cap(a.addrs)*int(unsafe.Sizeof(a.one)) + cap(a.records)*int(unsafe.Sizeof(Record{}))
	for _, r := range a.records {
		n += len(r.Data)
	}
	return n
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
