package stub

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/internal/message"
)

// Datagram gives the core a datagram that l received. cut means that the driver's buffer was too
// small for it. The core keeps no part of msg.
func (c *Core) Datagram(l *Link, msg []byte, cut bool, now time.Duration) {
	c.now = now
	if l.state == linkClosed {
		return
	}
	c.datagram(l, msg, cut)
	c.pump()
}

func (c *Core) datagram(l *Link, msg []byte, cut bool) {
	c.stats.Received++
	h, ok := message.Peek(msg)
	if !ok {
		c.ignore(l, nil, &c.stats.Malformed, "shorter than a header")
		return
	}
	e, used := l.ids.get(h.ID)
	switch {
	case !used:
		c.ignore(l, nil, &c.stats.OtherID, "an ID that was not used")
		c.suspectByQuestion(l, msg)
		return
	case e == nil:
		// The lookup is over, or has moved on. The server lives all the same.
		c.ignore(l, nil, &c.stats.Late, "late")
		l.received = c.now
		l.server.alive()
		return
	}
	t, ok := e.on(l, h.ID)
	if !ok {
		c.ignore(l, e, &c.stats.Late, "late")
		return
	}
	switch v := message.Matches(msg, e.asked, e.mask()); v {
	case message.Good:
	case message.NoQuestion:
		c.hint(e, t, h)
		return
	case message.CaseDiffers:
		c.ignore(l, e, &c.stats.OtherCase, v.String())
		c.suspect(e, l.server, "the case of the name is not preserved")
		return
	default:
		c.ignore(l, e, &c.stats.OtherQuestion, v.String())
		c.suspect(e, l.server, v.String())
		return
	}
	if cut {
		h.Truncated = true
	}
	if err := message.Read(msg, e.asked, c.wall(), &c.reply); err != nil && !h.Truncated {
		c.ignore(l, e, &c.stats.Malformed, err.Error())
		c.suspect(e, l.server, "malformed")
		return
	}
	if !c.cookieHolds(e, t) {
		c.ignore(l, e, &c.stats.BadCookie, "without the cookie of the server, or with another one of ours")
		c.suspect(e, l.server, "cookie")
		return
	}
	c.hear(e, t)
	if h.Truncated {
		c.truncated(e, t)
		return
	}
	c.judge(e, t)
}

// Message gives the core a message that the stream l received, without its length.
func (c *Core) Message(l *Link, msg []byte, now time.Duration) {
	c.now = now
	if l.state == linkClosed {
		return
	}
	c.message(l, msg)
	c.pump()
}

func (c *Core) message(l *Link, msg []byte) {
	c.stats.Received++
	h, ok := message.Peek(msg)
	e, used := l.ids.get(h.ID)
	switch {
	case !ok || !used:
		// The peer of a stream is the server, so it is broken, and so may be what follows.
		c.broken(l, errBrokenStream)
		return
	case e == nil:
		c.stats.Late++
		l.received = c.now
		l.server.alive()
		return
	}
	t, ok := e.on(l, h.ID)
	if !ok {
		return
	}
	v := message.Matches(msg, e.asked, nil)
	if v == message.NoQuestion && h.RCode != resolve.RCodeSuccess {
		c.hear(e, t)
		c.unlist(e, t)
		c.refuse(e, t, h.RCode, "")
		return
	}
	if v != message.Good {
		c.broken(l, fmt.Errorf("%w: %v", resolve.ErrMalformed, v))
		return
	}
	err := message.Read(msg, e.asked, c.wall(), &c.reply)
	c.hear(e, t)
	if err != nil {
		c.unlist(e, t)
		c.reject(e, l.server, 0, err)
		return
	}
	if first := e.cookieless.link; first != nil && first.server == l.server {
		l.server.cookielessUntil = c.now + cookielessLifetime
	}
	c.judge(e, t)
}

var errBrokenStream = fmt.Errorf("%w: a message that nobody asked for on a stream", resolve.ErrMalformed)

// ignore counts a datagram that changes nothing.
func (c *Core) ignore(l *Link, e *exchange, counter *uint64, why string) {
	*counter++
	if c.o.Trace != nil {
		c.trace(e, l.server, EventIgnored, why)
	}
}

// hear notes that the server has answered a transmission.
func (c *Core) hear(e *exchange, t transmission) {
	s := t.link.server
	s.alive()
	s.sample(c.now - t.at)
	s.stats.Answers++
	t.link.received, t.link.active = c.now, c.now
	t.link.answers++
	if t.edns && c.reply.RCode == resolve.RCodeSuccess {
		s.ednsAnswered = true
	}
	if c.o.Trace != nil {
		c.trace(e, s, EventReceived, fmt.Sprintf("id %d over %s after %v, %v", t.id, t.link.origin(), c.now-t.at, c.reply.RCode))
	}
}

// unlist ends one transmission of e.
func (c *Core) unlist(e *exchange, t transmission) {
	for i, x := range e.pending[:e.n] {
		if x.link == t.link && x.id == t.id {
			copy(e.pending[i:], e.pending[i+1:e.n])
			e.n--
			e.pending[e.n] = transmission{}
			break
		}
	}
	c.drop(t.link, t.id)
}

// hint handles a reply without a question. A forger can send it with a guessed ID only, but it says
// nothing about the name. So an error in it makes the core ask again at once, and wait on.
func (c *Core) hint(e *exchange, t transmission, h message.Header) {
	s := t.link.server
	c.ignore(t.link, e, &c.stats.OtherQuestion, "no question, "+h.RCode.String())
	switch {
	case h.RCode == resolve.RCodeFormatError && t.edns && e.plain&(1<<s.index) == 0:
		e.plain |= 1 << s.index
		c.again(e, s, false)
	default:
		c.suspect(e, s, "no question")
	}
}

// again asks s once more, besides the schedule.
func (c *Core) again(e *exchange, s *server, stream bool) {
	if e.wire >= MaxWire {
		return
	}
	if l := c.pick(s, stream, nil, true); l != nil && c.transmit(e, s, l) {
		c.schedule(e, s, stream)
	}
}

// suspect asks s over a stream too, because somebody may be forging its datagrams.
func (c *Core) suspect(e *exchange, s *server, why string) {
	if e.streams(s) || e.resent&(1<<s.index) != 0 || e.wire >= MaxWire {
		return
	}
	l := c.pick(s, true, nil, true)
	if l == nil {
		return
	}
	c.stats.Suspected++
	c.trace(e, s, EventSuspected, why)
	c.besides(e, s, l)
}

// suspectByQuestion suspects a forger if a datagram with an unknown ID has the question of a lookup
// in flight on l.
func (c *Core) suspectByQuestion(l *Link, msg []byte) {
	if h, _ := message.Peek(msg); !h.Reply || h.Questions != 1 {
		return
	}
	// The window bounds the lookups on a link.
	for _, slot := range l.ids.slots {
		e := slot.e
		if e == nil || e.streams(l.server) {
			continue
		}
		if v := message.Matches(msg, e.asked, nil); v == message.Good || v == message.CaseDiffers {
			c.suspect(e, l.server, "a reply with another ID")
			return
		}
	}
}

// cookieHolds checks the cookies of a reply (RFC 7873, section 5.3), and keeps the one of the
// server.
//
// After a reply with a cookie, one without may be forged. But a forwarder passes the cookies of
// other servers on, and has none of its own for what it has cached. Its second reply without one to
// the same lookup, which a forger would have to guess another ID and port for, shows that.
func (c *Core) cookieHolds(e *exchange, t transmission) bool {
	if !t.edns || c.o.NoCookies {
		return true
	}
	s, got := t.link.server, c.reply.Cookie
	switch {
	case len(got) >= len(s.clientCookie) && [8]byte(got[:8]) == s.clientCookie:
		s.serverCookie = append(s.serverCookie[:0], got[8:]...)
		return true
	case len(got) > 0:
		return false
	case len(s.serverCookie) == 0, c.now < s.cookielessUntil:
		return true
	case e.cookieless.link == nil:
		e.cookieless = t
		return false
	case e.cookieless.link == t.link && e.cookieless.id == t.id, e.cookieless.link.server != s:
		return false
	}
	s.cookielessUntil = c.now + cookielessLifetime
	return true
}

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

// Refused tells the core that the kernel reported an error on the UDP link l, such as an ICMP
// message that the port is closed. That is a hint: an attacker can send it, so replies on l still
// count. The core asks the next server at once.
func (c *Core) Refused(l *Link, err error, now time.Duration) {
	c.now = now
	if l.state == linkClosed || l.stream {
		return
	}
	c.stats.Unreachable++
	s := l.server
	s.answered = s.answered && s.timeouts < downAfter
	s.timeouts = downAfter
	s.fall(now)
	var moved [refusedMax]*exchange
	n := 0
	for _, slot := range l.ids.slots {
		if e := slot.e; e != nil && e.last.link == l && n < len(moved) {
			moved[n] = e
			n++
		}
	}
	for _, e := range moved[:n] {
		if e.query == nil || e.last.link != l {
			continue
		}
		if c.o.Trace != nil {
			c.trace(e, s, EventUnreachable, err.Error())
		}
		e.hinted |= 1 << s.index
		e.blame(s, err)
		c.advance(e)
	}
	c.pump()
}

// refusedMax bounds the lookups that one report of the kernel moves to the next server. The next
// report, or their timers, move the others.
const refusedMax = 64

// blame notes an error of the kernel, unless a server has said something.
func (e *exchange) blame(s *server, err error) {
	if !e.said {
		e.cause, e.rcode, e.server = err, 0, s
	}
}

// Failed tells the core that l could not be opened, or that the stream l has ended. A nil err is an
// orderly end.
func (c *Core) Failed(l *Link, err error, now time.Duration) {
	c.now = now
	if l.state == linkClosed {
		return
	}
	s := l.server
	moved := make([]*exchange, 0, l.inFlight)
	for _, slot := range l.ids.slots {
		if slot.e != nil {
			moved = append(moved, slot.e)
		}
	}
	if !l.stream {
		c.openAfter = now + openPause
		s.stats.OpenFailures++
	}
	answered := l.answers > 0
	if l.stream && answered {
		c.learnQuota(l, moved)
	}
	c.close(l)
	for _, e := range moved {
		if e.query == nil {
			continue
		}
		if c.o.Trace != nil {
			c.trace(e, s, EventUnreachable, fmt.Sprintf("%s failed: %v", l.origin(), err))
		}
		c.lost(e, s, l, answered, err)
	}
	c.pump()
}

// learnQuota notes after how many queries the server has closed the stream l, and sorts the lookups
// that it leaves. Some servers close a stream after 100 queries, whatever else was sent on it. A
// query that was sent after the last reply says nothing: the stream may have been idle.
func (c *Core) learnQuota(l *Link, left []*exchange) {
	for _, e := range left {
		if slices.ContainsFunc(e.pending[:e.n], func(t transmission) bool { return t.link == l && t.at < l.received }) {
			l.server.quota = l.answers
			break
		}
	}
	// The oldest lookup comes first, so that each stream serves those that wait longest.
	slices.SortFunc(left, func(a, b *exchange) int { return cmp.Compare(a.end, b.end) })
	if l.server.Stream || c.o.Streams {
		slices.Reverse(left) // requeue puts each before the others
	}
}

// requeue lets e wait again for room on a stream. It becomes the first one that waits.
func (c *Core) requeue(e *exchange) {
	w := waiter{e.query, e.end - c.o.Timeout, e.wire}
	c.release(e)
	c.waiting.pushFront(w)
}

// lost sends the query of e again after its link has failed.
func (c *Core) lost(e *exchange, s *server, l *Link, answered bool, err error) {
	switch {
	case !l.stream:
		// Another link of the server may be open, if the process is out of handles.
		if other := c.last(s, nil); other != nil {
			if c.transmit(e, s, other) {
				c.schedule(e, s, false)
			}
			return
		}
		e.blame(s, err)
		e.mark(s)
	case e.streams(s): // it has replaced this one
		return
	case answered || err == nil:
		// The server closes streams when it likes (RFC 7766, section 6.2.3): once more, and more
		// often while each stream brings answers.
		if (s.Stream || c.o.Streams) && answered && e.followed == 0 && e.wire < MaxWire/2 {
			c.requeue(e)
			return
		}
		if answered || e.resent&(1<<s.index) == 0 {
			e.resent |= 1 << s.index
			c.again(e, s, true)
			return
		}
		fallthrough
	default:
		e.resent |= 1 << s.index
		if err == nil {
			err = errors.New("the server closed the stream")
		}
		e.blame(s, err)
		// A server need not serve streams. Its datagrams may still come, unless the kernel has
		// reported that nobody reads ours.
		if s.Stream || c.o.Streams || e.hinted&(1<<s.index) != 0 || e.round >= udpRounds && !e.waits(s) {
			e.mark(s)
		}
	}
	switch {
	case e.allFailed() && e.n > 0 && !errors.Is(err, syscall.ECONNREFUSED):
		// A server that is too busy for streams may still reply to the datagrams.
		e.due = e.end
		c.timers.set(e)
	case e.allFailed():
		c.giveUp(e)
	case e.n == 0 || e.last.link == l:
		c.advance(e)
	}
}

// broken closes a stream whose peer breaks the protocol.
func (c *Core) broken(l *Link, err error) {
	c.stats.Broken++
	c.Failed(l, err, c.now)
}

// wall returns the time of the wall clock.
func (c *Core) wall() time.Time { return c.o.Start.Add(c.now) }
