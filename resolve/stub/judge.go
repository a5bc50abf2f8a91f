package stub

import (
	"fmt"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// truncated handles a reply over UDP that says that there is more.
func (c *Core) truncated(e *exchange, t transmission) {
	s := t.link.server
	c.stats.Truncated++
	c.unlist(e, t)
	if e.streams(s) {
		return // asked already
	}
	e.cause, e.rcode, e.server, e.said = errTruncated, 0, s, true
	c.again(e, s, true)
}

var errTruncated = fmt.Errorf("%w: the reply was truncated, and a stream did not get it", resolve.ErrServFail)

var errTooLarge = fmt.Errorf("%w: the reply is larger than a message may be", resolve.ErrServFail)

// judge decides what a matching reply means.
func (c *Core) judge(e *exchange, t transmission) {
	r, s := &c.reply, t.link.server
	switch {
	case r.RCode == resolve.RCodeSuccess:
		if !t.edns && !s.ednsAnswered && e.round == udpRounds-1 && !t.link.stream {
			s.plainUntil = c.now + plainLifetime // it drops queries with EDNS
		}
	case r.RCode == resolve.RCodeNameError:
		c.negative(e, s, resolve.ErrNotFound)
		return
	case r.RCode == resolve.RCodeBadCookie && t.edns && !t.link.stream:
		c.unlist(e, t)
		e.cookies++
		c.again(e, s, e.cookies > 2)
		return
	case t.edns && (r.RCode == resolve.RCodeFormatError || r.RCode == resolve.RCodeNotImplemented || r.RCode == resolve.RCodeBadVersion):
		// It may not know EDNS (RFC 6891, section 7).
		c.unlist(e, t)
		e.plain |= 1 << s.index
		s.plainUntil = c.now + plainLifetime
		c.again(e, s, t.link.stream)
		return
	default:
		c.unlist(e, t)
		c.refuse(e, t, r.RCode, r.EDEText)
		return
	}
	switch {
	case r.Answered && r.Filtered == 0, r.Answer.Len() > 0, r.Answer.RecordCount() > 0:
		a := &r.Answer
		a.Question = e.query.Question
		if e.followed > 0 {
			if a.Canonical.IsZero() {
				a.Canonical = e.asked.Name
			}
			a.Expires = earlier(a.Expires, e.expires)
		}
		a.Origin, a.Server = t.link.origin(), s.Addr
		a.Authenticated = r.AD && c.o.TrustAD
		c.finish(e, a, nil)
	case r.Truncated:
		// Over a stream, where there is no larger transport. What there is may be none of it.
		c.unlist(e, t)
		c.reject(e, s, r.RCode, errTooLarge)
	case !r.ChainTarget.IsZero():
		c.follow(e, t)
	case r.Referral || !r.RecursionAvailable && !r.Authoritative && !r.HasSOA && !r.HasOPT:
		// A lame server does not know the name, and does not ask others.
		c.unlist(e, t)
		c.refuse(e, t, r.RCode, "lame: it neither knows the name nor asks others")
	case r.Filtered > 0:
		c.finish(e, &resolve.Answer{}, &resolve.Error{Op: op, Question: e.query.Question, Server: s.Addr.String(),
			Err: fmt.Errorf("%w: %d names that are not host names", resolve.ErrMalformed, r.Filtered)})
	default:
		c.negative(e, s, resolve.ErrNoData)
	}
}

// refuse handles an error of the server.
func (c *Core) refuse(e *exchange, t transmission, rcode resolve.RCode, text string) {
	if text == "" {
		text = rcode.String()
	} else if rcode != resolve.RCodeSuccess {
		text = rcode.String() + ": " + text
	}
	c.stats.Refused++
	c.reject(e, t.link.server, rcode, fmt.Errorf("%w: %s", resolve.ErrServFail, text))
}

func (c *Core) negative(e *exchange, s *server, cause error) {
	r := &c.reply
	expires := earlier(r.Expires, e.expires)
	if !r.HasSOA {
		expires = c.wall() // it must not be cached (RFC 2308, section 5)
	}
	c.finish(e, &resolve.Answer{}, &resolve.Error{
		Op: op, Question: e.query.Question, Server: s.Addr.String(), RCode: r.RCode, Expires: expires, Err: cause,
	})
}

// earlier returns the earlier of two times that are not zero.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// follow asks for the target of a chain of CNAME records that the reply does not contain (RFC 1034,
// section 5.2.2, leaves that to the server, but some do not).
func (c *Core) follow(e *exchange, t transmission) {
	if e.followed == MaxFollowed {
		c.finish(e, &resolve.Answer{}, &resolve.Error{Op: op, Question: e.query.Question, Server: t.link.server.Addr.String(),
			Err: fmt.Errorf("%w: more than %d aliases whose targets were left out", resolve.ErrMalformed, MaxFollowed)})
		return
	}
	e.followed++
	e.asked.Name = c.reply.ChainTarget
	e.expires = earlier(e.expires, c.reply.Expires)
	for e.n > 0 {
		c.unlist(e, e.pending[0])
	}
	e.round, e.next, e.failed, e.resent = 0, 0, 0, 0
	c.trace(e, t.link.server, EventFollowed, e.asked.Name.String())
	c.advance(e)
}
