package resolve

import "net/netip"

// table maps names to addresses that are known in advance. It owns the names in it: a missing
// family is ErrNoData, and is not passed on. It is not written after it is in use.
type table struct {
	origin Origin
	names  map[Name]*tableEntry
}

type tableEntry struct {
	v4, v6         []netip.Addr
	moreV4, moreV6 bool // there were more than MaxAnswerAddrs
	// The answer for a missing family, created once so that Try does not allocate.
	noV4, noV6 *Error
}

// add appends addr to name, unless the entry already has addr or [MaxAnswerAddrs] of its family. It
// reports whether it did.
func (t *table) add(name Name, addr netip.Addr) bool {
	e := t.names[name]
	if e == nil {
		e = &tableEntry{}
		t.names[name] = e
	}
	addrs, more := &e.v6, &e.moreV6
	if addr = addr.Unmap(); addr.Is4() {
		addrs, more = &e.v4, &e.moreV4
	}
	for _, a := range *addrs {
		if a == addr {
			return false
		}
	}
	if len(*addrs) == MaxAnswerAddrs {
		*more = true
		return false
	}
	*addrs = append(*addrs, addr)
	return true
}

// seal prepares the negative answers. add must not be called afterwards.
func (t *table) seal() {
	for name, e := range t.names {
		if len(e.v4) == 0 {
			e.noV4 = &Error{Op: string(t.origin), Question: Question{name, TypeA, ClassINET}, Err: ErrNoData}
		}
		if len(e.v6) == 0 {
			e.noV6 = &Error{Op: string(t.origin), Question: Question{name, TypeAAAA, ClassINET}, Err: ErrNoData}
		}
	}
}

// answer returns [ErrWouldBlock] for questions that the table does not own.
func (t *table) answer(q Question) (Answer, error) {
	if q.Class != ClassINET || !q.Type.holdsAddrs() {
		return Answer{}, ErrWouldBlock
	}
	e := t.names[q.Name]
	if e == nil {
		return Answer{}, ErrWouldBlock
	}
	addrs, more, none := e.v4, e.moreV4, e.noV4
	if q.Type == TypeAAAA {
		addrs, more, none = e.v6, e.moreV6, e.noV6
	}
	if none != nil {
		return Answer{}, none
	}
	return Answer{Question: q, Origin: t.origin, Truncated: more}.with(addrs), nil
}
