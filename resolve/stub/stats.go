package stub

import (
	"net/netip"
	"time"
)

// Stats counts what a core has done.
type Stats struct {
	Started, Finished uint64 // lookups
	Sent, Streamed    uint64 // queries, and those over streams among them
	Retransmitted     uint64 // queries besides the first of a lookup
	Received          uint64 // datagrams and messages

	// Datagrams that ended no query, by reason.
	Malformed, OtherID, OtherQuestion, OtherCase, BadCookie, Late uint64

	Suspected   uint64 // queries over a stream because of such a datagram
	Truncated   uint64 // replies over UDP with more to come
	Refused     uint64 // error codes of servers
	Unreachable uint64 // reports of the kernel
	Broken      uint64 // streams closed because the peer broke the protocol

	InFlight, Waiting int
	Links             int // open now
}

// ServerStats describes one server.
type ServerStats struct {
	Addr                            netip.AddrPort
	Sent, Answers, Timeouts, Probes uint64
	Links, OpenFailures             uint64 // links opened, and failures to open one
	RTT, RTTVar, RTO                time.Duration
	Down                            bool // it is asked after the others
	Plain                           bool // it is asked without EDNS
	Cookie                          bool // it sends cookies
}

// Stats returns the counters.
func (c *Core) Stats() Stats {
	s := c.stats
	s.InFlight, s.Waiting = c.inFlight, c.waiting.n
	for _, server := range c.all {
		s.Links += len(server.udp)
		if server.stream != nil {
			s.Links++
		}
	}
	return s
}

// Servers returns the state of the configured servers.
func (c *Core) Servers() []ServerStats {
	all := make([]ServerStats, 0, len(c.servers))
	for _, s := range c.servers {
		x := s.stats
		x.Addr, x.RTT, x.RTTVar, x.RTO = s.Addr, s.srtt, s.rttvar, s.rto(0)
		x.Down, x.Plain, x.Cookie = s.down, c.now < s.plainUntil, len(s.serverCookie) > 0
		all = append(all, x)
	}
	return all
}
