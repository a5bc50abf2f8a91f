package stub

import (
	"fmt"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// launch puts e in flight. It returns false if no link has room.
func (c *Core) launch(e *exchange) bool {
	c.order(e)
	first := e.order[0]
	stream := first.Stream || c.o.Streams
	l := c.pick(first, stream, nil, false)
	if l == nil {
		return false
	}
	e.flying, e.next = true, 1
	e.query.SetMark(e.slot + 1)
	c.inFlight++
	c.trace(e, first, EventStarted, "")
	if c.transmit(e, first, l) {
		c.schedule(e, first, stream)
		c.probe(e)
	}
	return true
}

// schedule sets when e asks the next server.
func (c *Core) schedule(e *exchange, s *server, stream bool) {
	wait := s.rto(e.round)
	if stream {
		wait = max(wait, streamMin)
	}
	// Jitter keeps lookups that began together from asking again together.
	wait += time.Duration(c.below(int(wait/4) + 1))
	e.due, e.missed = min(c.now+wait, e.end), false
	c.timers.set(e)
	if c.o.Trace != nil {
		c.trace(e, s, EventTimer, fmt.Sprintf("asks again after %v in round %d, unless it is answered", e.due-c.now, e.round+1))
	}
}

// probe asks a server that is down, at intervals, with a copy of the query. The lookup does not
// wait for it.
func (c *Core) probe(e *exchange) {
	for _, s := range e.order[1:max(e.servers, 1)] {
		if !s.down || c.now < s.nextProbe {
			continue
		}
		s.nextProbe = c.now + probeInterval
		if l := c.pick(s, s.Stream || c.o.Streams, nil, true); l != nil {
			c.trace(e, s, EventProbe, "")
			s.stats.Probes++
			c.besides(e, s, l)
		}
		return
	}
}

// besides sends the question of e on l and leaves the schedule as it is.
func (c *Core) besides(e *exchange, s *server, l *Link) {
	last := e.last
	if c.transmit(e, s, l) {
		e.last = last
	}
}

// expire handles the timer of e.
func (c *Core) expire(e *exchange) {
	if c.now >= e.end {
		c.unanswered(e, false)
		c.trace(e, nil, EventTimeout, "the lookup's time is over")
		c.giveUp(e)
		return
	}
	c.unanswered(e, true)
	c.advance(e)
}

// unanswered notes that the last query of e has no answer. A lookup may end before its timer is
// due, but a dead server must be noticed even if all lookups are that impatient.
func (c *Core) unanswered(e *exchange, due bool) {
	l := e.last.link
	if l == nil || e.missed {
		return
	}
	s := l.server
	if !due && c.now-e.last.at < min(s.rto(0), rtoMin) {
		return
	}
	e.missed = true
	s.silent(c.now)
	if c.o.Trace != nil {
		c.trace(e, s, EventTimeout, fmt.Sprintf("no reply within %v", c.now-e.last.at))
	}
	// A link that has been silent since is suspected: the path of its port may be gone, as when a
	// NAT has forgotten it, or a stream may hang. The server stays.
	if l.state == linkOpen && l.received <= e.last.at {
		if l.stream {
			c.retire(l)
		} else {
			c.wear(l)
		}
	}
}

// advance asks the next server of the schedule.
func (c *Core) advance(e *exchange) {
	for e.wire < MaxWire {
		s, stream, ok := c.step(e)
		if !ok {
			break
		}
		avoid := e.last.link
		l := c.pick(s, stream, avoid, true)
		if l == nil {
			continue
		}
		if e.wire > 0 {
			c.stats.Retransmitted++
		}
		if c.transmit(e, s, l) {
			c.schedule(e, s, stream)
			return
		}
		if e.query == nil {
			return
		}
	}
	// Nothing is left to ask. Replies may still come, unless all servers have refused.
	if e.n == 0 || e.allFailed() {
		c.giveUp(e)
		return
	}
	e.due = e.end
	c.timers.set(e)
}

// step returns the next server of the schedule, and whether to ask it over a stream.
func (c *Core) step(e *exchange) (*server, bool, bool) {
	for e.round <= udpRounds {
		if e.next == e.servers {
			e.next = 0
			e.round++
			continue
		}
		i := e.next
		s := e.order[i]
		e.next++
		stream := s.Stream || c.o.Streams || e.round == udpRounds
		switch {
		case e.failed&(1<<i) != 0:
		case e.round == udpRounds && (s.Stream || c.o.Streams): // has had its tries
		case stream && e.streams(s): // asked, and patient
		default:
			return s, stream, true
		}
	}
	return nil, false, false
}

func (e *exchange) allFailed() bool { return e.failed == 1<<e.servers-1 }

// reject notes that s has failed for this lookup, and asks the next one.
func (c *Core) reject(e *exchange, s *server, rcode resolve.RCode, cause error) {
	e.mark(s)
	e.cause, e.rcode, e.server, e.said = cause, rcode, s, true
	if c.o.Trace != nil {
		c.trace(e, s, EventRejected, cause.Error())
	}
	if e.allFailed() {
		c.giveUp(e)
		return
	}
	c.advance(e)
}

func (e *exchange) mark(s *server) {
	for i, x := range e.order[:e.servers] {
		if x == s {
			e.failed |= 1 << i
		}
	}
}

// giveUp ends e with the last failure of a server, or with a timeout.
func (c *Core) giveUp(e *exchange) {
	failure := &resolve.Error{Op: op, Question: e.query.Question, Err: resolve.ErrTimeout}
	switch {
	case e.cause == nil:
		if l := e.last.link; l != nil {
			failure.Server = l.server.Addr.String()
		}
	case e.said:
		failure.Err, failure.RCode, failure.Server = e.cause, e.rcode, e.server.Addr.String()
	case c.now >= e.end:
		failure.Err, failure.Server = fmt.Errorf("%w: %w", resolve.ErrTimeout, e.cause), e.server.Addr.String()
	default:
		failure.Err, failure.Server = fmt.Errorf("%w: %w", resolve.ErrServFail, e.cause), e.server.Addr.String()
	}
	c.finish(e, &resolve.Answer{}, failure)
}
