package stub

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"
)

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
		if e := c.waits(slot); e != nil && e.last.link == l && n < len(moved) {
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
		if e := c.waits(slot); e != nil {
			moved = append(moved, e)
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
		// reported a closed port for ours.
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
