package netresolver

import (
	"errors"
	"os"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
)

// minPacket is the length of the largest packet without an OPT record (RFC 1035, section 4.2.1).
const minPacket = 512

// request is a query from the other end of a conn.
type request struct {
	header   dnsmessage.Header
	asked    dnsmessage.Question // with the name as the client wrote it
	question resolve.Question
	edns     bool
	limit    int // the length of the largest reply
}

// parse reads a query. It returns nil and the reply if the strategy is not to be asked, and nil
// twice if there is nothing to reply to.
func parse(msg []byte, limit int) (r *request, refusal []byte) {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil || h.Response {
		return nil, nil
	}
	r = &request{header: h, limit: limit}
	if h.OpCode != 0 {
		return nil, r.reply(dnsmessage.RCodeNotImplemented, false)
	}
	if r.asked, err = p.Question(); err != nil {
		return nil, r.reply(dnsmessage.RCodeFormatError, false)
	}
	if p.SkipQuestion() != dnsmessage.ErrSectionDone || p.SkipAllAnswers() != nil || p.SkipAllAuthorities() != nil || !r.options(&p) {
		return nil, r.reply(dnsmessage.RCodeFormatError, false)
	}
	name, err := resolve.ParseName(r.asked.Name.String())
	if _, literal := name.Addr(); err != nil || literal {
		return nil, r.reply(dnsmessage.RCodeNameError, true) // as package net reports such names
	}
	r.question = resolve.Question{Name: name, Type: resolve.Type(r.asked.Type), Class: resolve.Class(r.asked.Class)}
	return r, nil
}

// options reads the additional section for the OPT record, and returns false if it is malformed.
func (r *request) options(p *dnsmessage.Parser) bool {
	for {
		h, err := p.AdditionalHeader()
		if err != nil {
			return err == dnsmessage.ErrSectionDone
		}
		if h.Type == dnsmessage.TypeOPT {
			r.edns = true
			if r.limit < maxMessage { // packets
				r.limit = max(r.limit, int(h.Class))
			}
		}
		if p.SkipAdditional() != nil {
			return false
		}
	}
}

// answer returns the reply to the query.
func (r *request) answer(a resolve.Answer, err error, now time.Time) result {
	switch {
	case err == nil:
		return result{msg: r.positive(a, now)}
	case errors.Is(err, resolve.ErrNoData):
		return result{msg: r.reply(dnsmessage.RCodeSuccess, true)}
	case errors.Is(err, resolve.ErrNotFound), errors.Is(err, resolve.ErrName):
		return result{msg: r.reply(dnsmessage.RCodeNameError, true)}
	case errors.Is(err, resolve.ErrTimeout):
		return result{err: os.ErrDeadlineExceeded}
	}
	return result{msg: r.reply(dnsmessage.RCodeServerFailure, true)}
}

// reply returns a reply without an answer.
func (r *request) reply(rcode dnsmessage.RCode, question bool) []byte {
	m := r.message(rcode)
	if question {
		m.Questions = []dnsmessage.Question{r.asked}
	}
	return pack(m)
}

func (r *request) message(rcode dnsmessage.RCode) *dnsmessage.Message {
	m := &dnsmessage.Message{Header: dnsmessage.Header{ID: r.header.ID, OpCode: r.header.OpCode, Response: true,
		RecursionDesired: r.header.RecursionDesired, RecursionAvailable: true, RCode: rcode}}
	if r.edns {
		var h dnsmessage.ResourceHeader
		if h.SetEDNS0(maxMessage, dnsmessage.RCodeSuccess, false) == nil {
			m.Additionals = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.OPTResource{}}}
		}
	}
	return m
}

// pack returns the message. Every name in it has been packed or read before, so it cannot fail.
func pack(m *dnsmessage.Message) []byte {
	msg, err := m.AppendPack(nil)
	if err != nil {
		panic("netresolver: pack reply: " + err.Error())
	}
	return msg
}

// The lengths of parts of a message.
const (
	headerBytes = 12
	recordBytes = 2 + 2 + 2 + 4 + 2 // a pointer as owner, and what precedes the RDATA
	optBytes    = 1 + 2 + 2 + 4 + 2
)

// positive returns a reply with as much of the answer as fits. If something is missing, TC is set.
func (r *request) positive(a resolve.Answer, now time.Time) []byte {
	m := r.message(dnsmessage.RCodeSuccess)
	m.Questions = []dnsmessage.Question{r.asked}
	m.AuthenticData = a.Authenticated && r.header.AuthenticData
	owner := dnsmessage.ResourceHeader{Name: r.asked.Name, Class: r.asked.Class, TTL: ttl(a, now)}
	left := r.limit - headerBytes - (1 + int(r.asked.Name.Length) + 2 + 2) - optBytes
	add := func(t dnsmessage.Type, length int, seconds uint32, body dnsmessage.ResourceBody) bool {
		if left -= recordBytes + length; left < 0 {
			m.Truncated = true
			return false
		}
		h := owner
		h.Type, h.TTL = t, seconds
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: body})
		return true
	}
	if c := a.Canonical; !c.IsZero() && c != a.Question.Name {
		target, err := dnsmessage.NewName(absolute(c))
		if err != nil || !add(dnsmessage.TypeCNAME, int(target.Length)+1, owner.TTL, &dnsmessage.CNAMEResource{CNAME: target}) {
			m.Truncated = true
			return pack(m)
		}
		owner.Name = target
	}
	for addr := range a.All() {
		var body dnsmessage.ResourceBody = &dnsmessage.AAAAResource{AAAA: addr.As16()}
		length := 16
		if addr.Is4() {
			body, length = &dnsmessage.AResource{A: addr.As4()}, 4
		}
		if !add(dnsmessage.Type(a.Question.Type), length, owner.TTL, body) {
			break
		}
	}
	for record := range a.Records() {
		t := dnsmessage.Type(record.Type)
		seconds := uint32(record.TTL / time.Second)
		if !a.Expires.IsZero() {
			seconds = min(seconds, owner.TTL)
		}
		if !add(t, len(record.Data), seconds, &dnsmessage.UnknownResource{Type: t, Data: []byte(record.Data)}) {
			break
		}
	}
	m.Truncated = m.Truncated || a.Truncated
	return pack(m)
}

// ttl returns the seconds until the answer expires: 0 if it has, or if it has no time to live.
func ttl(a resolve.Answer, now time.Time) uint32 {
	if a.Expires.IsZero() {
		return 0
	}
	return uint32(max(a.Expires.Sub(now)/time.Second, 0))
}
