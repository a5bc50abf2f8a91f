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
		e := &exchange{slot: uint32(len(c.slots)), heap: -1}
		c.slots, c.free = append(c.slots, e), append(c.free, e)
	}
	e := c.free[len(c.free)-1]
	c.free = c.free[:len(c.free)-1]
	e.query, e.asked, e.end, e.wire = w.query, w.query.Question, w.since+c.o.Timeout, w.wire
	return e
}

// recycle makes e like a new one.
func (c *Core) recycle(e *exchange) {
	*e = exchange{slot: e.slot, heap: -1}
	c.free = append(c.free, e)
	if c.inFlight == 0 && len(c.slots) > slotsKept {
		c.slots, c.free = nil, nil
	}
}

// slotsKept bounds the slots that an idle core keeps.
const slotsKept = 1 << 10

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
