package message

import (
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// Read reads a message into a Reply. verdict is that of [Matches] about msg and q, which is Good,
// or NoQuestion if the RCODE is an error. now is when the message arrived.
//
// Only the answer section answers (RFC 5452, section 6): records whose owner is the name of the
// question or on its chain of CNAME records, in any order. Records of other owners, types or
// classes are ignored, and so is an OPT record there. A DNAME record counts by the CNAME record
// that the server must synthesize from it (RFC 6672, section 3.1). A question for the type CNAME or
// for all types follows no chain.
//
// The error is [resolve.ErrMalformed]. The message is ignored then, as a forger may have sent it.
// These are malformed: a loop of CNAME records, an address of the wrong length, a second OPT
// record, a message that ends within its answer section. Bytes after the message are accepted. A
// message that ends in a later section is accepted if it has an answer (Reply.Cut). Without one it
// is malformed: the missing part may hold the SOA record or the upper bits of the RCODE. With TC
// set, a message may end anywhere, and without an answer it is not a negative one.
//
// An AAAA record with an IPv4-mapped address remains an IPv6 address: what it means is the policy
// of whoever connects to it.
//
// Read allocates nothing for one address.
func Read(msg []byte, q resolve.Question, verdict Verdict, now time.Time, into *Reply) error {
	r := newReader(msg, q, now, into)
	return r.read(verdict)
}

// reader reads one message.
type reader struct {
	walk
	q       resolve.Question
	now     time.Time
	into    *Reply
	name    int           // offset of the name of the question, then of the end of the chain
	minTTL  time.Duration // over the chain and the records
	aliases []alias       // at most maxAliases
	soa     record
	hasSOA  bool
	hasNS   bool
}

func newReader(msg []byte, q resolve.Question, now time.Time, into *Reply) reader {
	return reader{walk: walk{msg: msg, off: headerBytes}, q: q, now: now, into: into, name: headerBytes, minTTL: MaxTTL, aliases: into.aliases[:0]}
}

// alias is a CNAME record.
type alias struct {
	owner, target int32
	ttl           uint32
}

func (r *reader) read(verdict Verdict) error {
	into := r.into
	into.reset()
	h, ok := Peek(r.msg)
	if !ok {
		return errHeader
	}
	into.RCode, into.Truncated = h.RCode, h.Truncated
	into.Authoritative = r.msg[2]&flagAA != 0
	into.RecursionAvailable, into.AD = r.msg[3]&flagRA != 0, r.msg[3]&flagAD != 0
	switch {
	case verdict == Good:
		if err := r.skipQuestion(); err != nil {
			return err
		}
	case verdict != NoQuestion || h.RCode == resolve.RCodeSuccess || h.RCode == resolve.RCodeNameError:
		return errQuestion
	}
	return r.sections(int(r.uint16(6)), int(r.uint16(8)), int(r.uint16(10)))
}

func (r *reader) sections(answers, authorities, additionals int) error {
	start := r.off
	answers, err := r.scan(answers, answerSection)
	switch {
	case (err == errFrame || err == errName) && r.into.Truncated:
		r.into.Cut = true
		authorities, additionals = 0, 0
	case err != nil:
		return err
	}
	if h := r.into; h.RCode == resolve.RCodeSuccess || h.RCode == resolve.RCodeNameError {
		if err := r.follow(); err != nil {
			return err
		}
	}
	end := r.off
	r.off = start
	if r.into.RCode == resolve.RCodeSuccess {
		if err := r.collect(answers); err != nil {
			return err
		}
	}
	r.off = end
	_, err = r.scan(authorities, authoritySection)
	if err == nil {
		_, err = r.scan(additionals, additionalSection)
	}
	if err == errFrame || err == errName {
		r.into.Cut = true
		if r.into.Answered || r.into.Truncated {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	return r.conclude()
}

// section is a part of a message with records.
type section uint8

const (
	answerSection section = iota
	authoritySection
	additionalSection
)

// scan visits the n records of a section, and returns how many there were.
func (r *reader) scan(n int, in section) (int, error) {
	for i := range n {
		rr, err := r.next()
		switch {
		case err != nil:
		case in == answerSection:
			err = r.scanAnswer(rr)
		case in == authoritySection:
			err = r.scanAuthority(rr)
		default:
			err = r.scanAdditional(rr)
		}
		if err != nil {
			return i, err
		}
	}
	return n, nil
}

// scanAnswer notes the CNAME records, and checks the addresses.
func (r *reader) scanAnswer(rr record) error {
	if rr.class != r.q.Class {
		return nil
	}
	length := rr.end - rr.data
	switch {
	case rr.class != resolve.ClassINET && rr.typ != resolve.TypeCNAME:
	case rr.typ == resolve.TypeA && length != 4, rr.typ == resolve.TypeAAAA && length != 16:
		return errAddress
	case rr.typ == resolve.TypeCNAME && r.follows():
		if end, err := r.skipName(rr.data); err != nil || end != rr.end {
			return errRData
		}
		if len(r.aliases) == maxAliases {
			return errAliases
		}
		r.aliases = append(r.aliases, alias{int32(rr.owner), int32(rr.data), rr.ttl})
		r.into.aliases = r.aliases[:0]
	}
	return nil
}

// typeAny is the QTYPE for all types (RFC 1035, section 3.2.3).
const typeAny resolve.Type = 255

// follows reports whether CNAME records lead on: they are themselves the answer otherwise.
func (r *reader) follows() bool { return r.q.Type != resolve.TypeCNAME && r.q.Type != typeAny }

// follow moves r.name to the end of the chain.
func (r *reader) follow() error {
	for i := 0; i < len(r.aliases); i++ {
		a := r.aliases[i]
		same, err := r.equal(int(a.owner), r.name)
		if err != nil {
			return err
		}
		if !same {
			continue
		}
		if r.into.Links++; r.into.Links > MaxLinks {
			return errChain
		}
		r.name = int(a.target)
		r.minTTL = min(r.minTTL, clampTTL(a.ttl))
		i = -1 // the next link may come before this one
	}
	return nil
}

// collect visits the answers again and keeps those of the end of the chain.
func (r *reader) collect(n int) error {
	into := r.into
	found := false
	// A few addresses stay off the heap, until the answer copies them.
	var few [8]netip.Addr
	nFew := 0
	many, records := into.addrs, into.records
	holdsAddrs := r.q.Class == resolve.ClassINET && (r.q.Type == resolve.TypeA || r.q.Type == resolve.TypeAAAA)
	for range n {
		rr, err := r.next()
		if err != nil {
			return err
		}
		if rr.class != r.q.Class || rr.typ == typeOPT || rr.typ != r.q.Type && r.q.Type != typeAny {
			continue
		}
		same, err := r.equal(rr.owner, r.name)
		if err != nil {
			return err
		}
		if !same {
			continue
		}
		found = true
		ttl := clampTTL(rr.ttl)
		r.minTTL = min(r.minTTL, ttl)
		if holdsAddrs {
			addr, _ := netip.AddrFromSlice(r.msg[rr.data:rr.end])
			if nFew < len(few) {
				few[nFew] = addr
				nFew++
				continue
			}
			if len(many) == 0 {
				many = append(many, few[:]...)
			}
			many = append(many, addr)
			continue
		}
		data, ok, err := r.rdata(rr)
		switch {
		case err != nil:
			return err
		case ok:
			records = append(records, resolve.Record{Type: rr.typ, TTL: ttl, Data: data})
		default:
			into.Filtered++
		}
	}
	into.addrs, into.records = many, records
	switch {
	case !found:
		return nil
	case len(many) > 0:
		into.Answer = resolve.NewAnswer(r.q, many)
	case holdsAddrs:
		into.Answer = resolve.NewAnswer(r.q, few[:nFew])
	default:
		into.Answer = resolve.NewRecordAnswer(r.q, records)
	}
	into.Answered = true
	into.Answer.Filtered = into.Filtered
	into.Answer.Truncated = into.Answer.Truncated || into.Truncated
	into.Answer.Expires = r.now.Add(r.minTTL)
	if into.Links > 0 {
		canonical, ok, err := r.host(r.name)
		if err != nil {
			return err
		}
		if !ok {
			into.Filtered++
			if holdsAddrs {
				into.Answer.Filtered++
			}
		}
		into.Answer.Canonical = canonical
	}
	return nil
}
