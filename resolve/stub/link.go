package stub

import (
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// Link is a socket to a server: a connected UDP socket, or a stream. The driver opens it, and may
// keep its own state in Driver.
type Link struct {
	Driver any // for the driver

	server *server
	stream bool
	state  linkState

	ids      idTable
	inFlight int // lookups that wait for a reply in ids
	opened   time.Duration
	active   time.Duration // when a query was sent or a reply came, last
	received time.Duration // when a reply came, last
	answers  int           // replies that came
	worn     bool          // open, and used only as long as no other link has replied
}

type linkState uint8

const (
	linkOpen    linkState = iota // takes new queries
	linkRetired                  // waits for the replies of its queries
	linkClosed
)

// Addr returns the address of the link's server.
func (l *Link) Addr() netip.AddrPort { return l.server.Addr }

// Server returns the link's server.
func (l *Link) Server() Server { return l.server.Server }

// Stream reports whether the link is a stream.
func (l *Link) Stream() bool { return l.stream }

// origin returns the origin of answers that come by the link.
func (l *Link) origin() resolve.Origin {
	switch {
	case !l.stream:
		return resolve.OriginUDP
	case l.server.Origin != "":
		return l.server.Origin
	}
	return resolve.OriginTCP
}

// pick returns a link of s for a query, or nil if all are full. It avoids a link if it can. force
// is for retransmissions, which replace a query in flight: they may exceed the window.
func (c *Core) pick(s *server, stream bool, avoid *Link, force bool) *Link {
	if stream {
		return c.pickStream(s, force)
	}
	begins := avoid == nil && !force
	if l := c.burst; begins && l != nil && l.server == s && c.burstLeft > 0 && c.takes(l) {
		c.burstLeft--
		return l
	}
	l := c.pickDatagram(s, avoid, force)
	if begins {
		c.burst, c.burstLeft = l, burstMax-1
	}
	return l
}

// burstMax bounds the lookups of a burst that share a link. The driver can send their queries as
// one group. The link is random, so a forger who knows no port guesses that of a query as rarely as
// if each lookup had a link of its own.
const burstMax = 64

// takes reports whether the UDP link l takes a new query.
func (c *Core) takes(l *Link) bool {
	return l.state == linkOpen && !l.worn && l.inFlight < c.o.Window && l.ids.n < c.o.LinkQueries && c.now-l.opened < c.o.LinkAge
}

// pickDatagram picks a UDP link.
func (c *Core) pickDatagram(s *server, avoid *Link, force bool) *Link {
	n, candidates := 0, 0
	var room, worn *Link
	for i := 0; i < len(s.udp); i++ {
		l := s.udp[i]
		if l.state == linkOpen && (l.ids.n >= c.o.LinkQueries || c.now-l.opened >= c.o.LinkAge || l.worn) {
			if c.wear(l); l.state == linkClosed {
				i-- // removed from s.udp
				continue
			}
		}
		if l.state != linkOpen {
			continue
		}
		if l.worn {
			worn = l
			continue
		}
		n++
		if l == avoid || l.inFlight >= c.o.Window && !force {
			continue
		}
		// Reservoir sampling: each candidate is chosen with the same probability.
		if candidates++; c.below(candidates) == 0 {
			room = l
		}
	}
	if (n < c.o.Spread || room == nil) && (c.now >= c.openAfter || n == 0 && worn == nil) {
		if len(s.udp) >= c.o.MaxLinks && n == 0 {
			c.discard(s) // all wait for replies
		}
		if len(s.udp) < c.o.MaxLinks {
			return c.open(s, false)
		}
	}
	switch {
	case room != nil:
	case worn != nil && worn.ids.n < idsMax && (worn.inFlight < c.o.Window || force):
		return worn
	case force:
		return c.last(s, avoid)
	}
	return room
}

func (c *Core) pickStream(s *server, force bool) *Link {
	l := s.stream
	full := l != nil && s.quota > 0 && l.ids.n >= s.quota
	switch {
	case l == nil:
	case full && l.inFlight == 0:
		s.quota += s.quota/quotaGrowth + 1 // the server may have changed its mind
		c.retire(l)
	case l.ids.n >= idsMax:
		c.retire(l)
	case !force && (full || l.inFlight >= streamWindow):
		return nil
	}
	if s.stream == nil {
		s.stream = c.open(s, true)
	}
	return s.stream
}

// quotaGrowth is the part by which the quota of a server grows with each stream that it did not
// close before.
const quotaGrowth = 8

// last returns the link that a retransmission uses if it has no choice.
func (c *Core) last(s *server, avoid *Link) *Link {
	if avoid != nil && avoid.server == s && !avoid.stream && avoid.state == linkOpen {
		return avoid
	}
	var retired *Link
	for _, l := range s.udp {
		if l.state == linkOpen {
			return l
		}
		if l.ids.n < idsMax {
			retired = l
		}
	}
	return retired
}

func (c *Core) open(s *server, stream bool) *Link {
	l := &Link{server: s, stream: stream, opened: c.now, active: c.now}
	if !stream {
		s.udp = append(s.udp, l)
	}
	if n := len(c.tables); n > 0 {
		l.ids.slots, c.tables[n-1] = c.tables[n-1], nil
		c.tables = c.tables[:n-1]
	}
	c.actions = append(c.actions, Action{Kind: Open, Link: l})
	s.stats.Links++
	c.housekeepBy(c.now + min(c.o.LinkIdle, c.o.LinkAge))
	return l
}

// retire makes l take no new query. It is closed when the last of its queries is done.
func (c *Core) retire(l *Link) {
	if l.state != linkOpen {
		return
	}
	l.state = linkRetired
	if l.server.stream == l {
		l.server.stream = nil
	}
	if l.inFlight == 0 {
		c.close(l)
	}
}

// wear retires the UDP link l, or marks it as worn if no other link of its server has replied. Then
// the process may be out of handles, and a worn link is better than none.
func (c *Core) wear(l *Link) {
	s := l.server
	for _, x := range s.udp {
		if x != l && x.state == linkOpen && !x.worn && x.answers > 0 {
			c.retire(l)
			return
		}
	}
	for _, x := range s.udp {
		if x != l && x.state == linkOpen && x.worn { // one is enough
			c.retire(l)
			return
		}
	}
	if len(s.udp) >= c.o.MaxLinks || l.ids.n >= idsMax {
		c.retire(l) // it is in the way of another one
		return
	}
	l.worn = true
}

// discard closes the UDP link of s that has been silent longest, if none has been used for a while.
func (c *Core) discard(s *server) {
	oldest := s.udp[0]
	for _, l := range s.udp {
		if l.active < oldest.active {
			oldest = l
		}
	}
	if c.now-oldest.active >= silentAfter {
		c.close(oldest)
	}
}

// silentAfter is when a retired link makes room for another one, although replies are missing.
const silentAfter = time.Second

// close closes l. Lookups that wait for a reply on it keep their other transmissions and timers.
func (c *Core) close(l *Link) {
	if l.state == linkClosed {
		return
	}
	l.state = linkClosed
	s := l.server
	if s.stream == l {
		s.stream = nil
	}
	for i, x := range s.udp {
		if x == l {
			s.udp = append(s.udp[:i], s.udp[i+1:]...)
			break
		}
	}
	for _, slot := range l.ids.slots {
		if e := c.waits(slot); e != nil {
			e.forget(l)
		}
	}
	if n := len(l.ids.slots); len(c.tables) < tablesKept && n > 0 && n <= tableKept {
		clear(l.ids.slots)
		c.tables = append(c.tables, l.ids.slots)
	}
	l.ids, l.inFlight = idTable{}, 0
	c.actions = append(c.actions, Action{Kind: Close, Link: l})
}

// unused returns an ID that the link has not used. Since idsMax is half of all IDs, one draw in two
// or more finds one.
func (c *Core) unused(l *Link) uint16 {
	for {
		id := uint16(c.rng.Uint64())
		if !l.ids.used(id) {
			return id
		}
	}
}

// idsMax bounds the IDs that a link uses: [Core.pick] retires it before.
const idsMax = 1 << 15

// streamWindow bounds the queries in flight per stream.
const streamWindow = 1 << 12

// drop makes l forget that e waits for id. The ID is not used again.
func (c *Core) drop(l *Link, id uint16) {
	if l.state == linkClosed || !l.ids.release(id) {
		return
	}
	l.inFlight--
	if l.inFlight == 0 && l.state == linkRetired {
		c.close(l)
	}
}

// housekeep closes links that no lookup has used for a while.
func (c *Core) housekeep() {
	if c.now < c.nextKeep {
		return
	}
	c.nextKeep = never
	for _, s := range c.all {
		for i := 0; i < len(s.udp); i++ {
			l := s.udp[i]
			c.keep(l)
			if l.state == linkClosed {
				i--
			}
		}
		if s.stream != nil {
			c.keep(s.stream)
		}
	}
	c.all = removeGone(c.all)
	if c.nextKeep == never { // no link is open
		c.tables = nil
	}
}

func (c *Core) keep(l *Link) {
	switch idle := l.active + c.o.LinkIdle; {
	case l.inFlight == 0 && c.now >= idle:
		c.close(l)
	case !l.stream && l.state == linkOpen && c.now-l.opened >= c.o.LinkAge:
		if c.wear(l); l.state != linkClosed {
			c.housekeepBy(c.now + c.o.LinkIdle)
		}
	case l.inFlight == 0:
		c.housekeepBy(idle)
	default:
		c.housekeepBy(c.now + c.o.LinkIdle)
	}
}

func (c *Core) housekeepBy(t time.Duration) { c.nextKeep = min(c.nextKeep, t) }

// removeGone removes the servers that are no longer configured and have no link.
func removeGone(all []*server) []*server {
	kept := all[:0]
	for _, s := range all {
		if !s.gone || len(s.udp) > 0 || s.stream != nil {
			kept = append(kept, s)
		}
	}
	clear(all[len(kept):])
	return kept
}
