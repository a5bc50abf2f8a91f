package stub

import (
	"fmt"
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
	e, used := c.waitsFor(l, h.ID)
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
	v := message.Matches(msg, e.asked, e.mask())
	switch v {
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
	if err := message.Read(msg, e.asked, v, c.wall(), &c.reply); err != nil && !h.Truncated {
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
	e, used := c.waitsFor(l, h.ID)
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
	err := message.Read(msg, e.asked, v, c.wall(), &c.reply)
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

// wall returns the time of the wall clock.
func (c *Core) wall() time.Time { return c.o.Start.Add(c.now) }
