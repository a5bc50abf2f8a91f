package stub

import (
	"net/netip"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// The bounds of a core.
const (
	// MaxServers bounds the servers that one lookup asks.
	MaxServers = 16
	// MaxWire bounds the queries that one lookup sends, over all servers, retransmissions and
	// followed CNAME records.
	MaxWire = 40
	// MaxFollowed bounds the CNAME records whose target a lookup asks for with a query of its own.
	MaxFollowed = 8
	// pendingMax bounds the transmissions of one lookup that still wait for a reply. The oldest one
	// gives way.
	pendingMax = 4
)

// The timers. Options can change only those that tests and users have a reason to change.
const (
	rtoFirst      = 400 * time.Millisecond // before the first round-trip time is known
	rtoMin        = 100 * time.Millisecond
	rtoMinLocal   = 20 * time.Millisecond // for servers on loopback
	rtoMax        = 5 * time.Second
	streamMin     = time.Second // a stream needs several round trips, and its own retransmissions
	probeInterval = 5 * time.Second
	plainLifetime = 5 * time.Minute // how long a server that drops EDNS is asked without it
	openPause     = 100 * time.Millisecond
	// cookielessLifetime is how long replies without a cookie are believed of a server that has
	// sent some with one and some without.
	cookielessLifetime = 5 * time.Minute
)

// downAfter is the number of consecutive timeouts after which a server that has answered before is
// asked after the others. One that has never answered needs only one.
const downAfter = 3

// The rounds of a schedule: udpRounds rounds of datagrams, then one over streams. RFC 9520, section
// 3.1, allows three tries per server and transport, so servers without datagrams have no fourth.
const udpRounds = 3

// The defaults of [Options].
const (
	DefaultTimeout     = 5 * time.Second
	DefaultMaxInFlight = 1 << 17
	DefaultMaxLinks    = 16
	DefaultSpread      = 4
	DefaultWindow      = 256
	DefaultLinkQueries = 1024
	DefaultLinkAge     = 30 * time.Second
	DefaultLinkIdle    = 10 * time.Second
	DefaultUDPSize     = 1232 // DNS flag day 2020: no fragmentation over IPv6
)

// Server is one recursive server.
type Server struct {
	Addr netip.AddrPort
	// Stream is true for a server that is asked over streams only, such as TLS and HTTPS.
	Stream bool
	// Origin is the origin of answers over streams: [resolve.OriginTCP] if empty.
	Origin resolve.Origin
	// Key distinguishes servers at one address, such as two that are reached by TLS under
	// different names. Servers are the same if all fields are equal.
	Key string
}

// Options sets the servers, the bounds and the timers of a [Core]. Zero fields mean the defaults.
type Options struct {
	Servers []Server // at most MaxServers are used

	Timeout     time.Duration // per lookup
	Patience    time.Duration // the least time after which a lookup asks again; by default 100 ms, or 20 ms on loopback
	MaxInFlight int           // lookups, in flight and waiting; further ones fail with ErrQueueFull
	MaxLinks    int           // UDP links per server
	Spread      int           // UDP links per server over which queries are spread
	Window      int           // queries in flight per UDP link: what its receive buffer can hold
	LinkQueries int           // queries in the life of a UDP link
	LinkAge     time.Duration // after which a UDP link takes no new query
	LinkIdle    time.Duration // after which a link without a query in flight is closed
	UDPSize     uint16        // the largest datagram that servers may send

	Rotate    bool // start each lookup at another server
	NoEDNS    bool
	NoCookies bool // RFC 7873
	MixCase   bool // 0x20: mix the case of names, and refuse replies in another case
	Streams   bool // never ask by datagrams
	TrustAD   bool // set the AD bit in queries, and keep it in answers

	Seed  [32]byte  // of the generator of IDs, cookies and jitter; must be unpredictable
	Start time.Time // the wall-clock time at time zero
	Trace func(Event)
}

func (o *Options) complete() {
	setDefault(&o.Timeout, DefaultTimeout)
	setDefault(&o.MaxInFlight, DefaultMaxInFlight)
	setDefault(&o.MaxLinks, DefaultMaxLinks)
	setDefault(&o.Spread, min(DefaultSpread, o.MaxLinks))
	setDefault(&o.Window, DefaultWindow)
	setDefault(&o.LinkQueries, DefaultLinkQueries)
	o.LinkQueries = min(o.LinkQueries, idsMax)
	setDefault(&o.LinkAge, DefaultLinkAge)
	setDefault(&o.LinkIdle, DefaultLinkIdle)
	setDefault(&o.UDPSize, DefaultUDPSize)
}

func setDefault[V int | uint16 | time.Duration](field *V, value V) {
	if *field <= 0 {
		*field = value
	}
}
