package evented

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/internal/message"
	"github.com/edgewise-go/edgewise/resolve/stub"
	"github.com/edgewise-go/edgewise/resolve/sysconfig"
)

// Resolver is a stub resolver. It implements [resolve.Strategy].
type Resolver struct {
	dial       func(ctx context.Context, network, address string) (net.Conn, error)
	literals   *resolve.Literal
	system     *sysconfig.Watcher // nil: the servers do not change
	options    stub.Options       // as the caller has set them
	shared     shared             // by the sockets
	start      time.Time
	ctx        context.Context // ends with Close
	end        context.CancelFunc
	goroutines sync.WaitGroup
	wake       chan struct{} // of the sender; has one slot
	unsent     []*datagrams  // whose flush the sender still has to call

	mu       sync.Mutex
	core     *stub.Core
	servers  map[stub.Server]Server
	settings *sysconfig.Settings  // in use; nil without system
	stop     func(*resolve.Query) // cancel, created once
	tick     time.Duration        // when the sender calls Tick next, at the latest
	awake    bool                 // the sender has been woken, or runs, and will look at the core again
	closed   bool
}

// New returns a resolver and starts its sender. Close ends it.
func New(o Options) (*Resolver, error) {
	if o.Dial == nil {
		return nil, errNoDial
	}
	var settings *sysconfig.Settings
	if o.System != nil {
		settings = o.System.Current()
		o.Servers = Servers(settings.Servers...)
	} else if len(o.Servers) == 0 {
		return nil, errNoServers
	}
	byKey, list, err := check(o.Servers)
	if err != nil {
		return nil, err
	}
	r := &Resolver{dial: o.Dial, literals: resolve.NewLiteral(nil), system: o.System, start: time.Now(), wake: make(chan struct{}, 1), servers: byKey, settings: settings, options: o.Stub}
	r.ctx, r.end = context.WithCancel(context.Background())
	s := o.Stub
	s.Servers, s.Start = list, r.start
	rand.Read(s.Seed[:])
	size := stub.DefaultUDPSize
	if s.UDPSize > 0 {
		size = max(int(s.UDPSize), message.MinUDPSize)
	}
	r.shared.init(size)
	r.core = stub.New(s)
	if settings != nil {
		r.tune()
	}
	r.stop = r.cancel
	r.goroutines.Go(r.send)
	return r, nil
}

// now returns the time of the core.
func (r *Resolver) now() time.Duration { return time.Since(r.start) }

// Try returns [resolve.ErrWouldBlock], or [resolve.ErrClosed] after Close: a resolver has no
// memory. An IP literal is answered like a name without data, since no server knows it.
func (r *Resolver) Try(q resolve.Question) (resolve.Answer, error) {
	if r.ctx.Err() != nil {
		return resolve.Answer{}, closedError(q)
	}
	return resolve.Answer{}, resolve.ErrWouldBlock
}

// Start asks the servers.
func (r *Resolver) Start(q *resolve.Query) {
	if _, literal := q.Question.Name.Addr(); literal {
		r.literals.Start(q)
		return
	}
	if !q.AcceptFunc(r.stop) {
		return
	}
	if r.system != nil {
		r.refresh()
	}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		q.Finish(resolve.Answer{}, closedError(q.Question))
		return
	}
	if r.settings != nil && r.settings.NoAAAA && q.Question.Type == resolve.TypeAAAA {
		r.mu.Unlock()
		q.Finish(resolve.Answer{}, &resolve.Error{Op: "evented", Question: q.Question, Err: errNoAAAA})
		return
	}
	r.core.Start(q, r.now())
	r.unlock(nil)
}

// errNoAAAA is the answer to AAAA questions if resolv.conf(5) has the option no-aaaa.
var errNoAAAA = fmt.Errorf("%w: the option no-aaaa is set", resolve.ErrNoData)

// unlock releases mu, wakes the sender if there is something for it, and finishes what is done. It
// returns done for the next call.
func (r *Resolver) unlock(done []*resolve.Query) []*resolve.Query {
	done = r.core.TakeDone(done[:0])
	wake := false
	if !r.awake {
		next, timed := r.core.Next()
		wake = r.core.Busy() || timed && next < r.tick
		r.awake = wake
	}
	r.mu.Unlock()
	if wake {
		r.wakeSender()
	}
	for i := range done {
		done[i].Deliver()
		done[i] = nil
	}
	return done
}

func (r *Resolver) wakeSender() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *Resolver) cancel(q *resolve.Query) {
	r.mu.Lock()
	r.core.Cancel(q, r.now())
	r.unlock(nil)
}

// refresh puts a changed configuration of the system into use.
func (r *Resolver) refresh() {
	settings := r.system.Current()
	r.mu.Lock()
	if r.closed || settings == r.settings {
		r.mu.Unlock()
		return
	}
	r.settings = settings
	if byKey, list, err := check(Servers(settings.Servers...)); err == nil {
		for key, s := range r.servers { // links of the old servers may be opened still
			if _, ok := byKey[key]; !ok && len(byKey) < 4*stub.MaxServers {
				byKey[key] = s
			}
		}
		r.servers = byKey
		r.tune()
		r.core.SetServers(list, r.now())
	}
	r.unlock(nil)
}

// tune puts the options of the system into use, except where the caller has set them. The mutex is
// held.
func (r *Resolver) tune() {
	timeout := r.options.Timeout
	if timeout <= 0 {
		timeout = systemTimeout(r.settings)
	}
	o, s := &r.options, r.settings
	r.core.Tune(o.Rotate || s.Rotate, o.Streams || s.UseTCP, o.TrustAD || s.TrustAD, timeout)
}

// Close ends the sender and closes the sockets. Lookups in flight complete with
// [resolve.ErrClosed].
func (r *Resolver) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	queries := r.core.Drain(r.now())
	r.end()
	r.unlock(nil)
	r.wakeSender()
	for _, q := range queries {
		q.Finish(resolve.Answer{}, closedError(q.Question))
	}
	return nil
}

// Wait returns after all goroutines of the resolver have ended, which they do soon after Close.
func (r *Resolver) Wait() { r.goroutines.Wait() }

// Stats returns the counters.
func (r *Resolver) Stats() stub.Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.core.Stats()
}

// Servers returns the state of the servers.
func (r *Resolver) Servers() []stub.ServerStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.core.Servers()
}

func closedError(q resolve.Question) error {
	return &resolve.Error{Op: "evented", Question: q, Err: resolve.ErrClosed}
}

// never is later than every time of a core.
const never = time.Duration(1<<63 - 1)

// send carries out the actions of the core, and tells it the time.
func (r *Resolver) send() {
	var work stub.Work
	var done []*resolve.Query
	// A timer that is due too early is cheaper than one that is set for each burst.
	timer, armed := time.NewTimer(never), never
	defer timer.Stop()
	for {
		r.mu.Lock()
		r.awake = true
		now := r.now()
		next, timed := r.core.Next()
		if timed && next <= now {
			r.core.Tick(now)
			next, timed = r.core.Next()
		}
		r.core.TakeActions(&work)
		if timed && next < armed {
			timer.Reset(next - now)
			armed = next
		}
		r.tick = armed
		r.awake = len(work.Actions()) > 0
		closed := r.closed
		done = r.unlock(done)
		if len(work.Actions()) > 0 {
			for _, a := range work.Actions() {
				r.act(a, &work)
			}
			for _, d := range r.unsent {
				d.added = false
				d.flush()
			}
			r.unsent = r.unsent[:0]
			continue
		}
		if closed {
			return
		}
		select {
		case <-r.wake:
		case <-timer.C:
			armed = never
		}
	}
}

// act carries out one action.
func (r *Resolver) act(a stub.Action, work *stub.Work) {
	switch a.Kind {
	case stub.Open:
		r.open(a.Link)
	case stub.Send:
		if l, ok := a.Link.Driver.(transport); ok {
			l.send(work.Message(a))
		}
	case stub.Close:
		if l, ok := a.Link.Driver.(transport); ok {
			l.close()
		}
	}
}

// transport is the driver's side of a link. The sender calls its methods.
type transport interface {
	send(message []byte)
	close()
}

func (r *Resolver) open(l *stub.Link) {
	r.mu.Lock()
	s := r.servers[l.Server()]
	r.mu.Unlock()
	switch {
	case !l.Stream():
		l.Driver = r.openDatagram(l)
	case s.URL != "":
		l.Driver = r.openHTTPS(l, s)
	default:
		l.Driver = r.openStream(l, s.TLS)
	}
}

// failed reports to the core that a link could not be opened, or has ended.
func (r *Resolver) failed(l *stub.Link, err error) {
	r.mu.Lock()
	r.core.Failed(l, err, r.now())
	r.unlock(nil)
}
