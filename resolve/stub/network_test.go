package stub

import (
	"container/heap"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/internal/message"
)

// network drives a core with a virtual clock and scripted servers.
type network struct {
	t      testing.TB
	core   *Core
	now    time.Duration
	rng    *rand.Rand
	events events
	order  int
	open   map[*Link]bool
	most   int // links open at the same time
	work   Work
	done   []*resolve.Query
	inbox  *resolve.Inbox

	// serve is called for each query that arrives at a server. It returns replies.
	serve map[netip.AddrPort]func(q arrival) []packet
	// refuse holds the servers to which no link can be opened, with the error.
	refuse  map[netip.AddrPort]error
	sent    []arrival // everything that was sent
	results map[*resolve.Query]*result
}

// arrival is a query on its way.
type arrival struct {
	at       time.Duration
	link     *Link
	stream   bool
	id       uint16
	question dnsmessage.Question
	edns     bool
	raw      []byte
}

// packet is a message for a link.
type packet struct {
	after time.Duration
	link  *Link
	data  []byte
}

type event struct {
	at    time.Duration
	order int
	run   func()
}

type events []event

func (h events) Len() int { return len(h) }
func (h events) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}
func (h events) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *events) Push(x any)   { *h = append(*h, x.(event)) }
func (h *events) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// result is the outcome of a query.
type result struct {
	n      int // completions
	at     time.Duration
	answer resolve.Answer
	err    error
}

const rtt = 10 * time.Millisecond

func addr(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 53)
}

// newNetwork returns a network of n servers that answer every question after rtt.
func newNetwork(t testing.TB, n int, o Options) *network {
	w := &network{t: t, inbox: resolve.NewInbox(nil), rng: rand.New(rand.NewPCG(1, 2)), open: map[*Link]bool{},
		serve: map[netip.AddrPort]func(arrival) []packet{}, refuse: map[netip.AddrPort]error{}, results: map[*resolve.Query]*result{}}
	for i := range n {
		o.Servers = append(o.Servers, Server{Addr: addr(i + 1)})
		w.serve[addr(i+1)] = w.answers
	}
	o.Start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w.core = New(o)
	return w
}

// answers replies with one address.
func (w *network) answers(q arrival) []packet {
	return []packet{{rtt, q.link, reply(q, nil)}}
}

func silence(arrival) []packet { return nil }

// reply returns the reply to q: one address, changed by edit if that is not nil.
func reply(q arrival, edit func(*dnsmessage.Message)) []byte {
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: q.id, Response: true, RecursionDesired: true, RecursionAvailable: true},
		Questions: []dnsmessage.Question{q.question},
		Answers: []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.question.Name, Class: dnsmessage.ClassINET, TTL: 60},
			Body: &dnsmessage.AResource{A: [4]byte{203, 0, 113, 7}}}}}
	if q.edns {
		var h dnsmessage.ResourceHeader
		_ = h.SetEDNS0(1232, 0, false)
		m.Additionals = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.OPTResource{}}}
	}
	if edit != nil {
		edit(&m)
	}
	data, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return data
}

func rcode(code dnsmessage.RCode) func(q arrival) []byte {
	return func(q arrival) []byte {
		return reply(q, func(m *dnsmessage.Message) { m.RCode, m.Answers = code, nil })
	}
}

func (w *network) at(t time.Duration, run func()) {
	w.order++
	heap.Push(&w.events, event{t, w.order, run})
}

// start starts a query for the address of name.
func (w *network) start(name string) *resolve.Query {
	q := w.query(name)
	w.core.Start(q, w.now)
	w.act()
	return q
}

func (w *network) query(name string) *resolve.Query {
	question, err := resolve.NewQuestion(name, resolve.TypeA)
	require.NoError(w.t, err)
	r := &result{}
	q := &resolve.Query{Question: question, Inbox: w.inbox, Done: func(a resolve.Answer, err error) {
		r.n++
		r.at, r.answer, r.err = w.now, a, err
	}}
	w.results[q] = r
	q.Accept(nil)
	return q
}

// act carries out what the core asks for.
func (w *network) act() {
	for w.core.Busy() || len(w.core.done) > 0 {
		w.done = w.core.TakeDone(w.done[:0])
		for _, q := range w.done {
			q.Deliver()
		}
		w.inbox.Run(0)
		w.core.TakeActions(&w.work)
		for _, a := range w.work.Actions() {
			switch a.Kind {
			case Open:
				if err := w.refuse[a.Link.Addr()]; err != nil {
					w.core.Failed(a.Link, err, w.now)
					continue
				}
				w.open[a.Link] = true
				w.most = max(w.most, len(w.open))
			case Close:
				delete(w.open, a.Link)
			case Send:
				if w.open[a.Link] {
					w.carry(a.Link, w.work.Message(a))
				}
			}
		}
	}
}

// carry brings a query to its server, and the replies back.
func (w *network) carry(l *Link, data []byte) {
	if l.Stream() {
		require.Equal(w.t, len(data)-2, int(data[0])<<8|int(data[1]), "length before a message on a stream")
		data = data[2:]
	}
	q := arrival{at: w.now, link: l, stream: l.Stream(), raw: append([]byte(nil), data...)}
	var p dnsmessage.Parser
	h, err := p.Start(data)
	require.NoError(w.t, err)
	q.id = h.ID
	q.question, err = p.Question()
	require.NoError(w.t, err)
	q.edns = len(data) > 2 && data[11] == 1
	w.sent = append(w.sent, q)
	for _, reply := range w.serve[l.Addr()](q) {
		w.at(w.now+reply.after, func() { w.deliver(reply.link, reply.data) })
	}
}

func (w *network) deliver(l *Link, data []byte) {
	if !w.open[l] {
		return
	}
	if l.Stream() {
		w.core.Message(l, data, w.now)
	} else {
		w.core.Datagram(l, data, false, w.now)
	}
	w.act()
}

// run advances the clock until done returns true, or there is nothing left to happen. It returns
// false in the latter case.
func (w *network) run(done func() bool) bool {
	for !done() {
		next, timed := w.core.Next()
		switch {
		case len(w.events) > 0 && (!timed || w.events[0].at <= next):
			e := heap.Pop(&w.events).(event)
			w.now = max(w.now, e.at)
			e.run()
		case timed:
			w.now = max(w.now, next)
			w.core.Tick(w.now)
			w.act()
		default:
			return false
		}
	}
	return true
}

// wait runs the network until q has a result.
func (w *network) wait(q *resolve.Query) *result {
	w.t.Helper()
	if !w.run(func() bool { return w.results[q].n > 0 }) {
		w.t.Fatalf("%v has no result, and nothing is left to happen", q.Question)
	}
	return w.results[q]
}

// lookup starts a query and waits for its result.
func (w *network) lookup(name string) *result {
	w.t.Helper()
	return w.wait(w.start(name))
}

// settle runs the network for d more.
func (w *network) settle(d time.Duration) {
	over := false
	w.at(w.now+d, func() { over = true })
	w.run(func() bool { return over })
}

// idle asserts that the core has forgotten every lookup.
func (w *network) idle() {
	w.t.Helper()
	s := w.core.Stats()
	require.Zero(w.t, s.InFlight+s.Waiting)
	require.Empty(w.t, w.core.timers.nodes)
	require.Equal(w.t, s.Started, s.Finished)
	for l := range w.open {
		require.Zero(w.t, l.inFlight)
	}
}

func (r *result) good(t testing.TB) {
	t.Helper()
	require.Equal(t, 1, r.n, "completions")
	require.NoError(t, r.err)
	require.Equal(t, "203.0.113.7", r.answer.Addr(0).String())
}

var _ = message.MaxQueryBytes
