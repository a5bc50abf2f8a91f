package message

import (
	"encoding/binary"

	"github.com/edgewise-go/edgewise/resolve"
)

// scanAuthority notes the SOA record of a zone that contains the name, and whether there are NS
// records.
func (r *reader) scanAuthority(rr record) error {
	switch {
	case rr.class != r.q.Class:
	case rr.typ == resolve.TypeNS:
		r.hasNS = true
	case rr.typ == resolve.TypeSOA && !r.hasSOA && r.matched():
		ours, err := r.within(r.name, rr.owner)
		if err == nil && !ours && r.into.Links > 0 { // some servers name the zone of the question
			ours, err = r.within(headerBytes, rr.owner)
		}
		if err != nil || !ours {
			return err
		}
		r.soa, r.hasSOA = rr, true
	}
	return nil
}

// matched reports whether the message has a question, which r.name refers to.
func (r *reader) matched() bool { return r.uint16(4) != 0 }

// soaTail is the length of a SOA record's RDATA after its two names.
const soaTail = 5 * 4

// conclude decides what a message without an answer means.
func (r *reader) conclude() error {
	into := r.into
	if into.RCode != resolve.RCodeSuccess {
		into.Answered, into.Answer = false, resolve.Answer{} // the OPT record changed the RCODE
	}
	switch {
	case into.Answered, into.RCode != resolve.RCodeSuccess && into.RCode != resolve.RCodeNameError:
		return nil
	case into.RCode == resolve.RCodeSuccess && into.Truncated:
		return nil
	}
	if r.hasSOA {
		end, err := r.skipName(r.soa.data)
		if err == nil {
			end, err = r.skipName(end)
		}
		if err != nil || end+soaTail != r.soa.end {
			return errRData
		}
		minimum := binary.BigEndian.Uint32(r.msg[end+soaTail-4:])
		into.HasSOA = true
		r.minTTL = min(r.minTTL, clampTTL(r.soa.ttl), clampTTL(minimum)) // RFC 2308, section 5
		into.Expires = r.now.Add(r.minTTL)
	}
	switch {
	case into.RCode == resolve.RCodeNameError:
		into.Negative = NXDomain
		return nil
	case into.Links > 0 && !into.HasSOA:
		target, ok, err := r.host(r.name)
		if err != nil {
			return err
		}
		if ok {
			into.ChainTarget = target
			into.Expires = r.now.Add(r.minTTL)
			return nil
		}
		into.Filtered++
	}
	into.Negative = NoData
	into.Referral = r.hasNS && !into.HasSOA
	return nil
}
