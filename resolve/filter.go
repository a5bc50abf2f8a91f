package resolve

import (
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
)

// MaxFilterSuffixes bounds the suffixes that a [Filter] allows.
const MaxFilterSuffixes = 4096

// ErrFiltered means that a [Filter] refused an answer because of an address in it.
var ErrFiltered error = &sentinel{text: "answer with an address of a private network refused"}

// FilterOptions sets what a [Filter] lets through.
type FilterOptions struct {
	// Allow lists names whose answers may hold any address. Each allows itself and the names below
	// it. The name of the question decides, not the canonical name, which the server chooses.
	Allow []string
	// Deny lists further networks to refuse.
	Deny []netip.Prefix
}

// FilterStats holds the counters of a [Filter].
type FilterStats struct {
	Refused uint64 // answers
}

// Filter protects against DNS rebinding and against requests that a peer directs to internal
// services. It refuses an answer with [ErrFiltered] if any of its addresses is not a public unicast
// address: see [IsPublic]. That covers the address hints of SVCB and HTTPS records (RFC 9460).
//
// A literal, such as 127.0.0.1, is a name like any other. Where users may write addresses, put the
// Filter inside [Literal]; where peers write them, outside. Names of [Static] and [HostsFile] are
// subject to a Filter around them. A refused answer is not negative: a [Cache] does not store it.
type Filter struct {
	next    Strategy
	allow   map[Name]struct{}
	deny    []netip.Prefix
	refused atomic.Uint64
}

// errFiltered is the result of Try, which must not allocate.
var errFiltered = &Error{Op: "filter", Name: "name", Err: ErrFiltered}

// NewFilter returns a Filter in front of next. It returns an error for a malformed name, for a
// literal or the root in Allow, for more than [MaxFilterSuffixes], and for an invalid prefix.
func NewFilter(options FilterOptions, next Strategy) (*Filter, error) {
	f := &Filter{next: next, allow: make(map[Name]struct{}, len(options.Allow))}
	if n := len(options.Allow) + len(options.Deny); n > MaxFilterSuffixes {
		return nil, fmt.Errorf("resolve: filter: %d suffixes and networks: want at most %d", n, MaxFilterSuffixes)
	}
	for _, text := range options.Allow {
		name, err := ParseName(text)
		if err != nil {
			return nil, fmt.Errorf("resolve: filter: %w", err)
		}
		if _, literal := name.Addr(); literal || name.text == "." {
			return nil, fmt.Errorf("resolve: filter: allow %q: want a suffix of names", text)
		}
		f.allow[name] = struct{}{}
	}
	for _, p := range options.Deny {
		if !p.IsValid() {
			return nil, fmt.Errorf("resolve: filter: deny %v: want a valid prefix", p)
		}
		f.deny = append(f.deny, p.Masked())
	}
	return f, nil
}

// Try calls Try of the next strategy and refuses its answer if need be.
func (f *Filter) Try(q Question) (Answer, error) {
	a, err := f.next.Try(q)
	if err == nil && f.refuses(q, a) {
		f.refused.Add(1)
		return Answer{}, errFiltered
	}
	return a, err
}

// Start starts the query with the next strategy. It asks by way of another query, whose answer it
// may refuse.
func (f *Filter) Start(q *Query) {
	if f.allows(q.Question.Name) {
		f.next.Start(q)
		return
	}
	s := &succession{q: q}
	if !q.Accept(s.stop) {
		return
	}
	s.ask(f.next, time.Time{}, func(_ *Query, a Answer, err error) {
		if err == nil && f.refuses(q.Question, a) {
			f.refused.Add(1)
			a, err = Answer{}, &Error{Op: "filter", Question: q.Question, Server: serverOf(a), Err: ErrFiltered}
		}
		q.Finish(a, err)
	})
}

func serverOf(a Answer) string {
	if !a.Server.IsValid() {
		return ""
	}
	return a.Server.String()
}

// Stats returns the counters.
func (f *Filter) Stats() FilterStats { return FilterStats{Refused: f.refused.Load()} }

// Close closes the next strategy.
func (f *Filter) Close() error { return f.next.Close() }

// allows reports whether name is an allowed one or below one.
func (f *Filter) allows(name Name) bool {
	if len(f.allow) == 0 {
		return false
	}
	for text := name.text; text != ""; {
		if _, ok := f.allow[Name{text}]; ok {
			return true
		}
		_, text, _ = strings.Cut(text, ".")
	}
	return false
}

func (f *Filter) refuses(q Question, a Answer) bool {
	if f.allows(q.Name) {
		return false
	}
	for i := range a.Len() {
		if f.denies(a.Addr(i)) {
			return true
		}
	}
	for _, r := range a.records {
		if !f.passes(r) {
			return true
		}
	}
	return false
}

func (f *Filter) denies(addr netip.Addr) bool {
	if !IsPublic(addr) {
		return true
	}
	addr = addr.Unmap().WithZone("")
	for _, p := range f.deny {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// passes reports whether the addresses in a record are allowed. A record that holds addresses in a
// malformed way does not pass.
func (f *Filter) passes(r Record) bool {
	switch r.Type {
	case TypeA:
		return f.passesAddrs(r.Data, 4)
	case TypeAAAA:
		return f.passesAddrs(r.Data, 16)
	case TypeSVCB, TypeHTTPS:
		return f.passesHints(r.Data)
	}
	return true
}

// passesAddrs checks data, which holds addresses of size bytes.
func (f *Filter) passesAddrs(data string, size int) bool {
	for ; len(data) >= size; data = data[size:] {
		var b [16]byte
		copy(b[:], data[:size])
		addr := netip.AddrFrom16(b)
		if size == 4 {
			addr = netip.AddrFrom4([4]byte(b[:4]))
		}
		if f.denies(addr) {
			return false
		}
	}
	return data == ""
}

// The keys of the address hints (RFC 9460, section 14.3.2).
const (
	svcIPv4Hint = 4
	svcIPv6Hint = 6
)

// passesHints checks the RDATA of an SVCB record (RFC 9460, section 2.2): a priority, a name, then
// parameters of a key, a length and a value.
func (f *Filter) passesHints(data string) bool {
	data, ok := cutHint(data, 2)
	for ok && data != "" && data[0] != 0 {
		data, ok = cutHint(data, 1+int(data[0]))
	}
	if data, ok = cutHint(data, 1); !ok {
		return false
	}
	for len(data) >= 4 {
		key, size := int(data[0])<<8|int(data[1]), int(data[2])<<8|int(data[3])
		if data = data[4:]; size > len(data) {
			return false
		}
		value := data[:size]
		data = data[size:]
		if key == svcIPv4Hint && !f.passesAddrs(value, 4) || key == svcIPv6Hint && !f.passesAddrs(value, 16) {
			return false
		}
	}
	return data == ""
}

func cutHint(data string, n int) (string, bool) {
	if n > len(data) {
		return "", false
	}
	return data[n:], true
}
