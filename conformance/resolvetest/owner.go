package resolvetest

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
)

// owner is a minimal event loop: it has an inbox and runs the completions.
type owner struct {
	t     T
	inbox *resolve.Inbox
	ready chan struct{}

	mu      sync.Mutex
	running bool // Run is running
}

func newOwner(t T) *owner {
	o := &owner{t: t, ready: make(chan struct{}, 1)}
	o.inbox = resolve.NewInbox(func() error {
		select {
		case o.ready <- struct{}{}:
		default:
		}
		return nil
	})
	return o
}

// call is a query and its result.
type call struct {
	*resolve.Query
	o *owner

	mu      sync.Mutex
	n       int  // number of completions
	outside bool // a completion came while the owner was not in Run
	answer  resolve.Answer
	err     error
}

func (o *owner) query(q resolve.Question) *call {
	c := &call{o: o}
	c.Query = &resolve.Query{Question: q, Inbox: o.inbox, Done: c.done}
	return c
}

func (o *owner) isRunning() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.running
}

func (c *call) done(a resolve.Answer, err error) {
	running := c.o.isRunning()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	c.outside = c.outside || !running
	c.answer, c.err = a, err
}

func (c *call) completions() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// start starts a new query for q.
func (o *owner) start(s resolve.Strategy, q resolve.Question) *call {
	c := o.query(q)
	s.Start(c.Query)
	return c
}

// run runs the completions in the inbox.
func (o *owner) run() {
	o.mu.Lock()
	o.running = true
	o.mu.Unlock()
	o.inbox.Run(0)
	o.mu.Lock()
	o.running = false
	o.mu.Unlock()
}

// until runs completions until done returns true.
func (o *owner) until(what string, done func() bool) {
	o.t.Helper()
	limit := time.After(o.t.Patience())
	// The tick finds completions without a wake. The case about wakes reports a missing wake, so no
	// other case waits for one.
	tick := time.NewTicker(soon)
	defer tick.Stop()
	for {
		o.run()
		if done() {
			return
		}
		select {
		case <-o.ready:
		case <-tick.C:
		case <-limit:
			o.t.Hang("%s", what)
		}
	}
}

// await runs completions until every call has completed.
func (o *owner) await(calls ...*call) {
	o.t.Helper()
	for i, c := range calls {
		o.until(fmt.Sprintf("completion of query %d, %v", i, c.Question), func() bool { return c.completions() > 0 })
	}
}

// once fails the case unless each call has exactly one completion, in Run.
func (o *owner) once(calls ...*call) {
	o.t.Helper()
	o.run()
	for i, c := range calls {
		c.mu.Lock()
		if c.n != 1 || c.outside {
			o.t.Errorf("query %d, %v: got %d completions, outside of Run: %v, want exactly one in Run", i, c.Question, c.n, c.outside)
		}
		c.mu.Unlock()
	}
}

func question(name string, typ resolve.Type) resolve.Question {
	q, err := resolve.NewQuestion(name, typ)
	if err != nil {
		panic(err)
	}
	return q
}

func a(name string) resolve.Question    { return question(name, resolve.TypeA) }
func aaaa(name string) resolve.Question { return question(name, resolve.TypeAAAA) }

func addrs(texts ...string) []netip.Addr {
	var as []netip.Addr
	for _, s := range texts {
		as = append(as, netip.MustParseAddr(s))
	}
	return as
}

func answer(q resolve.Question, texts ...string) resolve.Answer {
	return resolve.NewAnswer(q, addrs(texts...))
}

func failure(q resolve.Question, cause error) error {
	return &resolve.Error{Op: "script", Question: q, Err: cause}
}

// holds fails t unless got holds exactly these addresses, in this order.
func holds(t T, what string, got resolve.Answer, err error, want ...string) {
	t.Helper()
	same := err == nil && got.Len() == len(want)
	for i := 0; same && i < len(want); i++ {
		same = got.Addr(i).String() == want[i]
	}
	if !same {
		t.Errorf("%s: got %v, %v, want %v", what, got.AppendAddrs(nil), err, want)
	}
}

func (c *call) holds(want ...string) {
	c.o.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	holds(c.o.t, c.Question.String(), c.answer, c.err, want...)
}

func (c *call) fails(want error) {
	c.o.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	isError(c.o.t, c.Question.String(), c.err, want)
}
