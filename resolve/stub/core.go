package stub

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/internal/message"
)

// never is later than every time of a core.
const never = time.Duration(1<<63 - 1)

// Core is the state machine. One thread at a time may use it.
type Core struct {
	o   Options
	now time.Duration // of the call that runs
	rng *rand.ChaCha8

	servers []*server // configured
	all     []*server // and those that still have links
	turn    int       // for Rotate

	waiting  fifo        // accepted, and in flight as soon as a link has room
	slots    []*exchange // by the mark of the query, minus one
	free     []*exchange // slots not in flight
	inFlight int
	timers   timerHeap

	openAfter time.Duration // after a failure to open a link, no link is opened unless there is none
	nextKeep  time.Duration

	// The lookups that begin between two calls of TakeActions share a link, up to burstMax of them.
	burst     *Link // nil if none has begun
	burstLeft int   // lookups

	actions []Action
	packets []byte           // what the actions send
	done    []*resolve.Query // settled
	reply   message.Reply
	cookie  [40]byte // of the query that is being built: both halves (RFC 7873, section 4)

	tables [][]idSlot // of closed links; at most tablesKept

	stats Stats
}

// ActionKind says what the driver must do.
type ActionKind uint8

// The kinds of actions.
const (
	Open  ActionKind = iota // open the link: connect a UDP socket, or begin to connect a stream
	Send                    // send the message; on a stream with its length before it
	Close                   // close the link
)

// Action is one thing that the driver must do, in the order in which [Core.TakeActions] returns
// them.
type Action struct {
	Kind     ActionKind
	Link     *Link
	from, to int
}

// New returns a core.
func New(o Options) *Core {
	o.complete()
	c := &Core{o: o, rng: rand.NewChaCha8(o.Seed), nextKeep: never}
	c.SetServers(o.Servers, 0)
	return c
}

// Tune replaces the options that resolv.conf(5) has. The servers are set by [Core.SetServers].
func (c *Core) Tune(rotate, streams, trustAD bool, timeout time.Duration) {
	c.o.Rotate, c.o.Streams, c.o.TrustAD, c.o.Timeout = rotate, streams, trustAD, timeout
	setDefault(&c.o.Timeout, DefaultTimeout)
}

// SetServers replaces the servers. Lookups in flight continue with those that they began with.
// What is known about a server that stays is kept.
func (c *Core) SetServers(servers []Server, now time.Duration) {
	c.now = now
	servers = servers[:min(len(servers), MaxServers)]
	old := c.servers
	c.servers = nil
	for i, s := range servers {
		at := slices.IndexFunc(old, func(x *server) bool { return x.Server == s })
		if at >= 0 {
			old[at].index = i
			c.servers = append(c.servers, old[at])
			continue
		}
		n := &server{Server: s, index: i, least: rtoMin}
		if s.Addr.Addr().IsLoopback() {
			n.least = rtoMinLocal
		}
		n.least = max(n.least, c.o.Patience)
		for j := 0; j < len(n.clientCookie); j += 8 {
			v := c.rng.Uint64()
			for k := range 8 {
				n.clientCookie[j+k] = byte(v >> (8 * k))
			}
		}
		c.servers = append(c.servers, n)
		c.all = append(c.all, n)
	}
	for _, s := range old {
		if slices.Contains(c.servers, s) {
			continue
		}
		s.gone = true
		for _, l := range slices.Clone(s.udp) {
			c.retire(l)
		}
		if s.stream != nil {
			c.retire(s.stream)
		}
	}
	c.all = removeGone(c.all)
	c.pump()
}

// Start begins a lookup for a query that the driver has accepted. [Core.TakeDone] returns it when
// it is done, later or at once.
func (c *Core) Start(q *resolve.Query, now time.Duration) {
	c.now = now
	c.stats.Started++
	switch {
	case len(c.servers) == 0:
		c.fail(q, errNoServers)
		return
	case c.inFlight+c.waiting.n >= c.o.MaxInFlight:
		c.fail(q, resolve.ErrQueueFull)
		return
	}
	w := waiter{query: q, since: now}
	if c.waiting.n == 0 && !q.Finished() { // the usual case, without the queue
		e := c.take(w)
		if c.launch(e) {
			return
		}
		c.recycle(e)
	}
	c.waiting.push(w)
	c.pump()
}

// Cancel forgets a query that has finished otherwise.
func (c *Core) Cancel(q *resolve.Query, now time.Duration) {
	c.now = now
	if e := c.of(q); e != nil {
		c.trace(e, nil, EventCanceled, "")
		c.unanswered(e, false)
		c.release(e)
		c.pump()
	}
	// One that still waits is left out when its turn comes.
}

// of returns the lookup in flight for q, or nil.
func (c *Core) of(q *resolve.Query) *exchange {
	if i := int(q.Mark()) - 1; i >= 0 && i < len(c.slots) && c.slots[i].query == q {
		return c.slots[i]
	}
	return nil
}

// pump puts waiting queries in flight while there is room.
func (c *Core) pump() {
	for c.waiting.n > 0 {
		w := c.waiting.front()
		if w.query.Finished() {
			c.waiting.pop()
			continue
		}
		if c.now >= w.since+c.o.Timeout {
			c.waiting.pop()
			c.fail(w.query, resolve.ErrTimeout)
			continue
		}
		if len(c.servers) == 0 {
			c.waiting.pop()
			c.fail(w.query, errNoServers)
			continue
		}
		e := c.take(w)
		if !c.launch(e) {
			c.recycle(e)
			return
		}
		c.waiting.pop()
		if e.query == nil { // completed at once
			continue
		}
	}
}

// fail completes a query that is not in flight.
func (c *Core) fail(q *resolve.Query, cause error) {
	c.complete(q, &resolve.Answer{}, &resolve.Error{Op: op, Question: q.Question, Err: cause})
}

// complete settles a query, unless it has ended otherwise.
func (c *Core) complete(q *resolve.Query, a *resolve.Answer, err error) {
	c.stats.Finished++
	if q.Settle(a, err) {
		c.done = append(c.done, q)
	}
}

// Tick tells the core the time. The driver calls it at the time that [Core.Next] returns, or later.
func (c *Core) Tick(now time.Duration) {
	c.now = now
	for {
		e := c.timers.first()
		if e == nil || e.due > now {
			break
		}
		c.expire(e)
	}
	c.housekeep()
	c.pump()
}

// Next returns when the core wants a [Core.Tick]. It returns false if it wants none.
func (c *Core) Next() (time.Duration, bool) {
	next := c.nextKeep
	if e := c.timers.first(); e != nil {
		next = min(next, e.due)
	}
	if c.waiting.n > 0 {
		// Every link is full, so lookups are in flight, and their timers come first. The bound is
		// for the case that the servers have just been replaced.
		next = min(next, c.waiting.front().since+c.o.Timeout)
	}
	return next, next != never
}

// TakeActions moves the actions since the last call to work, whose memory it uses for the next
// ones. One goroutine of the driver carries them out, in their order.
func (c *Core) TakeActions(work *Work) {
	c.burst = nil
	clear(work.actions)
	work.actions, c.actions = c.actions, work.actions[:0]
	work.packets, c.packets = c.packets, work.packets[:0]
}

// Busy reports whether there are actions to take.
func (c *Core) Busy() bool { return len(c.actions) > 0 }

// TakeDone appends the queries that were settled since the last call. The driver calls
// [resolve.Query.Deliver] for each after it has released its mutex, because whoever is notified may
// start another query.
func (c *Core) TakeDone(done []*resolve.Query) []*resolve.Query {
	done = append(done, c.done...)
	clear(c.done)
	c.done = c.done[:0]
	return done
}

// Work is what [Core.TakeActions] returns.
type Work struct {
	actions []Action
	packets []byte
}

// Actions returns the actions, in their order.
func (w *Work) Actions() []Action { return w.actions }

// Message returns the message that an action of kind Send sends.
func (w *Work) Message(a Action) []byte { return w.packets[a.from:a.to] }

// Drain forgets all lookups and returns their queries, with the links closed. The core is empty
// afterwards.
func (c *Core) Drain(now time.Duration) []*resolve.Query {
	c.now = now
	var all []*resolve.Query
	for _, e := range c.slots {
		if e.flying {
			all = append(all, e.query)
			c.release(e)
		}
	}
	for c.waiting.n > 0 {
		all = append(all, c.waiting.pop().query)
	}
	for _, s := range c.all {
		for len(s.udp) > 0 {
			c.close(s.udp[0])
		}
		if s.stream != nil {
			c.close(s.stream)
		}
	}
	c.servers, c.nextKeep = nil, never
	return all
}

// below returns a random number from 0 to n-1. The bias is below 2^-32, since n is small.
func (c *Core) below(n int) int {
	if n == 1 {
		return 0
	}
	return int((c.rng.Uint64() >> 32) * uint64(n) >> 32)
}

// waiter is a query that waits for a link.
type waiter struct {
	query *resolve.Query
	since time.Duration
	wire  int // queries that were sent before it waited again
}

// fifo is a growing ring of waiting queries. MaxInFlight bounds it.
type fifo struct {
	ring    []waiter
	head, n int
}

func (f *fifo) push(w waiter) {
	f.grow()
	f.ring[(f.head+f.n)%len(f.ring)] = w
	f.n++
}

// pushFront makes w the first one.
func (f *fifo) pushFront(w waiter) {
	f.grow()
	f.head = (f.head + len(f.ring) - 1) % len(f.ring)
	f.ring[f.head] = w
	f.n++
}

// grow makes room for one more.
func (f *fifo) grow() {
	if f.n < len(f.ring) {
		return
	}
	ring := make([]waiter, max(2*f.n, 16))
	for i := range f.n {
		ring[i] = f.ring[(f.head+i)%len(f.ring)]
	}
	f.ring, f.head = ring, 0
}

func (f *fifo) front() waiter { return f.ring[f.head] }

func (f *fifo) pop() waiter {
	w := f.ring[f.head]
	f.ring[f.head] = waiter{}
	f.head = (f.head + 1) % len(f.ring)
	f.n--
	if f.n == 0 && len(f.ring) > fifoKeep {
		f.ring, f.head = nil, 0
	}
	return w
}

// fifoKeep bounds the memory that an empty fifo keeps.
const fifoKeep = 1 << 12

// Addrs returns the addresses of the configured servers.
func (c *Core) Addrs() []netip.AddrPort {
	var all []netip.AddrPort
	for _, s := range c.servers {
		all = append(all, s.Addr)
	}
	return all
}
