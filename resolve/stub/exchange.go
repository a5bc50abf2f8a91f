package stub

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/internal/message"
)

// op is the operation in the errors of this package.
const op = "evented"

var errNoServers = fmt.Errorf("%w: no DNS server is configured", resolve.ErrServFail)

// exchange is one lookup in flight.
type exchange struct {
	slot   uint32
	flying bool // not: its query waits
	query  *resolve.Query
	asked  resolve.Question // the question of the query, or with the target of a CNAME record
	end    time.Duration    // when the lookup fails
	due    time.Duration    // when the core does something about it
	heap   int              // index in the timer heap

	order   [MaxServers]*server
	servers int
	round   int
	next    int // index in order

	failed  uint32 // bit per server index in order: it has failed, and is not asked again
	plain   uint32 // bit per server: ask it without EDNS
	resent  uint32 // bit per server: the query was sent again after its stream had failed
	cookies int    // number of BADCOOKIE replies

	cookieless transmission // the first one whose reply lacked a cookie

	pending [pendingMax]transmission
	n       int // of pending
	last    transmission
	missed  bool // it was noted that nothing has answered last
	wire    int  // queries sent

	followed int
	expires  time.Time
	mixed    message.CaseMask // how the case of the name is mixed, if hasMixed
	hasMixed bool

	hinted uint32 // bit per server: the kernel has reported that its port is closed
	said   bool   // cause is what a server said, and not an error of the kernel
	cause  error  // the last failure
	rcode  resolve.RCode
	server *server // which failed
}

// transmission is one query on the wire.
type transmission struct {
	link *Link
	at   time.Duration
	id   uint16
	edns bool
}

func (c *Core) take(w waiter) *exchange {
	if len(c.free) == 0 {
		e := &exchange{slot: uint32(len(c.slots))}
		c.slots, c.free = append(c.slots, e), append(c.free, e)
	}
	e := c.free[len(c.free)-1]
	c.free = c.free[:len(c.free)-1]
	*e = exchange{slot: e.slot, query: w.query, asked: w.query.Question, end: w.since + c.o.Timeout, heap: -1, wire: w.wire}
	return e
}

// recycle forgets what e was for.
func (c *Core) recycle(e *exchange) {
	*e = exchange{slot: e.slot, heap: -1}
	c.free = append(c.free, e)
	if c.inFlight == 0 && len(c.slots) > slotsKept {
		c.slots, c.free = nil, nil
	}
}

// slotsKept bounds the slots that an idle core keeps.
const slotsKept = 1 << 10

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

// transmit sends the question of e on l.
func (c *Core) transmit(e *exchange, s *server, l *Link) bool {
	id := c.unused(l)
	q := message.Query{ID: id, Question: e.asked, EDNS: c.usesEDNS(s, e, e.round), UDPSize: c.o.UDPSize, AD: c.o.TrustAD}
	if q.EDNS && !c.o.NoCookies && !l.stream {
		q.Cookie = append(append(c.cookie[:0], s.clientCookie[:]...), s.serverCookie...)
	}
	if c.o.MixCase && !l.stream {
		if !e.hasMixed {
			for i := range e.mixed {
				e.mixed[i] = c.rng.Uint64()
			}
			e.hasMixed = true
		}
		q.Mixed = &e.mixed
	}
	from := len(c.packets)
	if l.stream {
		c.packets = append(c.packets, 0, 0)
	}
	packets, err := message.AppendQuery(c.packets, q)
	if err != nil {
		c.packets = c.packets[:from]
		c.finish(e, &resolve.Answer{}, &resolve.Error{Op: op, Question: e.query.Question, Err: err})
		return false
	}
	c.packets = packets
	if l.stream {
		binary.BigEndian.PutUint16(c.packets[from:], uint16(len(c.packets)-from-2))
	}
	c.actions = append(c.actions, Action{Kind: Send, Link: l, from: from, to: len(c.packets)})

	l.ids.add(id, e)
	l.inFlight++
	l.active = c.now
	t := transmission{link: l, at: c.now, id: id, edns: q.EDNS}
	if e.n == pendingMax {
		c.drop(e.pending[0].link, e.pending[0].id)
		copy(e.pending[:], e.pending[1:])
		e.n--
	}
	e.pending[e.n] = t
	e.n++
	e.last = t
	e.wire++
	s.stats.Sent++
	c.stats.Sent++
	if l.stream {
		c.stats.Streamed++
	}
	if c.o.Trace != nil {
		c.trace(e, s, EventSent, fmt.Sprintf("id %d over %s, %d bytes, EDNS %v", id, l.origin(), len(c.packets)-from, q.EDNS))
	}
	return true
}

// mask returns how the case of the name was mixed, or nil.
func (e *exchange) mask() *message.CaseMask {
	if !e.hasMixed {
		return nil
	}
	return &e.mixed
}

// forget removes the transmissions of e on l, which is closed.
func (e *exchange) forget(l *Link) {
	for i := 0; i < e.n; i++ {
		if e.pending[i].link == l {
			copy(e.pending[i:], e.pending[i+1:e.n])
			e.n--
			e.pending[e.n] = transmission{}
			i--
		}
	}
}

// on returns the transmission with that ID on l.
func (e *exchange) on(l *Link, id uint16) (transmission, bool) {
	for _, t := range e.pending[:e.n] {
		if t.link == l && t.id == id {
			return t, true
		}
	}
	return transmission{}, false
}

// waits reports whether a reply of s is pending.
func (e *exchange) waits(s *server) bool {
	for _, t := range e.pending[:e.n] {
		if t.link.server == s {
			return true
		}
	}
	return false
}

// streams reports whether a query to s is pending over a stream that is not suspected to be dead.
func (e *exchange) streams(s *server) bool {
	for _, t := range e.pending[:e.n] {
		if t.link.server == s && t.link.stream && t.link.state == linkOpen {
			return true
		}
	}
	return false
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

// finish completes the query of e and forgets e.
func (c *Core) finish(e *exchange, a *resolve.Answer, err error) {
	q := e.query
	if c.o.Trace != nil {
		text := ""
		if err != nil {
			text = err.Error()
		} else {
			text = fmt.Sprintf("%d addresses or records, %d queries sent", a.Len()+a.RecordCount(), e.wire)
		}
		c.trace(e, nil, EventFinished, text)
	}
	c.release(e)
	c.complete(q, a, err)
}

// release forgets e.
func (c *Core) release(e *exchange) {
	c.inFlight--
	for _, t := range e.pending[:e.n] {
		c.drop(t.link, t.id)
	}
	c.timers.remove(e)
	c.recycle(e)
}
