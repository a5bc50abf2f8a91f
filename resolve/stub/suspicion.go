package stub

import (
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/internal/message"
)

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
		e := c.waits(slot)
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
