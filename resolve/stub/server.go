package stub

import (
	"time"
)

// server is the state of one server: its health, round-trip times, extensions and links.
type server struct {
	Server
	index int
	gone  bool // no longer configured: asked by the lookups that began with it

	// srtt and rttvar are those of RFC 6298; zero before the first sample.
	srtt, rttvar time.Duration
	least        time.Duration // the least retransmission timeout

	answered  bool // since it was configured
	timeouts  int  // consecutive
	down      bool
	nextProbe time.Duration

	plainUntil   time.Duration // it is asked without EDNS until then
	ednsAnswered bool
	clientCookie [8]byte
	serverCookie []byte // empty until the server has sent one
	// It sends replies without a cookie too. They are believed until then.
	cookielessUntil time.Duration

	udp    []*Link
	stream *Link // takes new queries; nil if there is none
	quota  int   // queries that a stream takes before the server closes it; 0 if unknown

	stats ServerStats
}

// sample takes a round-trip time. Each transmission has an ID of its own, so a reply always belongs
// to a known transmission, and retransmissions need no exception (Karn's algorithm).
func (s *server) sample(rtt time.Duration) {
	rtt = max(rtt, 0)
	if s.srtt == 0 {
		s.srtt, s.rttvar = max(rtt, 1), rtt/2
		return
	}
	d := s.srtt - rtt
	if d < 0 {
		d = -d
	}
	s.rttvar += (d - s.rttvar) / 4
	s.srtt = max(s.srtt+(rtt-s.srtt)/8, 1)
}

// rto returns the retransmission timeout of a round.
func (s *server) rto(round int) time.Duration {
	rto := max(rtoFirst, s.least)
	if s.srtt > 0 {
		// Where round-trip times hardly vary, half of one is the margin.
		rto = min(max(s.srtt+max(4*s.rttvar, s.srtt/2), s.least), max(rtoMax, s.least))
	}
	return min(rto<<min(round, 8), max(rtoMax, s.least))
}

// alive notes that the server has answered, whatever it said.
func (s *server) alive() {
	s.answered, s.timeouts, s.down = true, 0, false
}

// silent notes a timeout.
func (s *server) silent(now time.Duration) {
	s.timeouts++
	s.stats.Timeouts++
	if s.timeouts >= downAfter || !s.answered {
		s.fall(now)
	}
}

// fall moves the server after those that answer, until a probe is answered.
func (s *server) fall(now time.Duration) {
	if !s.down {
		s.down = true
		s.nextProbe = now + probeInterval
	}
}

// usesEDNS reports whether a query to s has an OPT record.
func (c *Core) usesEDNS(s *server, e *exchange, round int) bool {
	switch {
	case c.o.NoEDNS, e.plain&(1<<s.index) != 0, c.now < s.plainUntil:
		return false
	case round == udpRounds-1 && !s.ednsAnswered:
		return false // it may drop queries with EDNS: the last datagram finds out
	}
	return true
}

// order writes the order in which a lookup asks the servers: those that answer, as configured, and
// then those that are down.
func (c *Core) order(e *exchange) {
	n := 0
	for pass := range 2 {
		for i := range c.servers {
			if c.o.Rotate {
				i = (i + c.turn) % len(c.servers)
			}
			if s := c.servers[i]; s.down == (pass == 1) {
				e.order[n] = s
				n++
			}
		}
	}
	e.servers = n
	if c.o.Rotate {
		c.turn++
	}
}
