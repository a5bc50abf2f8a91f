package stream

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// race connects to the first of several addresses that answers, as described in RFC 8305 (Happy
// Eyeballs version 2). It runs as one loop in its caller, which waits for all attempts, the
// resolver and the clock at once.
type race struct {
	*dialing
	begin   func(to netip.AddrPort) (*Conn, error) // dialing.begin
	unwatch func() bool
	host    string
	port    uint16
	sel     Select

	names *delivery // nil if all addresses are known
	left  candidates
	gate  time.Time // when addresses stop waiting for those of the preferred family

	running    []runner
	wanted     []Readiness // of running, by index
	next       time.Time   // when the next attempt joins
	lastFailed bool        // an attempt has failed since the last one started
	errs       []error     // by attempt, in the order of their start; nil while an attempt runs
}

// runner is a running attempt.
type runner struct {
	candidate
	conn  *Conn
	index int // in errs
}

// newRace returns a race without candidates. The caller must call end.
func newRace(d *dialing, selector Selector) *race {
	r := &race{dialing: d, begin: d.begin, sel: selector.NewSelect()}
	if d.ctx.Done() != nil {
		r.unwatch = context.AfterFunc(d.ctx, r.sel.Wake)
	}
	return r
}

// end closes the losing attempts and releases everything else.
func (r *race) end() {
	if r.names != nil {
		r.names.end()
	}
	if r.unwatch != nil {
		r.unwatch()
	}
	for _, a := range r.running {
		a.conn.Close()
	}
	r.sel.Close()
}

// resolve starts to resolve the candidates.
func (r *race) resolve(host string, port uint16) {
	r.host, r.port = host, port
	r.names = &delivery{wake: r.sel.Wake, filter: filter{network: r.network, from: r.from}}
	r.names.cancel = r.ResolveParts(resolverNetwork(r.network), host, r.names.deliver)
}

func (r *race) run() (*Conn, error) {
	for {
		if err := r.late(); err != nil {
			return nil, r.lost(err)
		}
		resolved := r.receive()
		if c := r.startDue(resolved); c != nil {
			return c, nil
		}
		if resolved && r.left.len() == 0 && len(r.running) == 0 {
			return nil, r.failure()
		}
		if err := r.sel.Wait(r.wanted, r.until()); err != nil && err != os.ErrDeadlineExceeded {
			return nil, r.lost(err)
		}
		// Check the outcomes even after the deadline: a connection that was made by then counts.
		if c := r.winner(); c != nil {
			return c, nil
		}
	}
}

// late returns the reason why the race is over, or nil.
func (r *race) late() error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := r.ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// receive takes what the resolver has delivered, and reports whether the last delivery has been
// made.
func (r *race) receive() bool {
	if r.names == nil {
		return true
	}
	parts, over := r.names.take()
	for _, part := range parts {
		r.left.add(part, r.port)
		// The preferred family goes first if it arrives in time.
		if len(r.errs) == 0 && len(r.left.queues[family6]) > 0 && familyOf(part[0]) == family6 {
			r.left.turn = family6
		}
	}
	if r.gate.IsZero() && r.left.len() > 0 {
		r.gate = time.Now().Add(delay(r.ResolutionDelay, DefaultResolutionDelay))
	}
	return over
}

// delay returns the value of a Dialer option, with its default.
func delay(option, standard time.Duration) time.Duration {
	if option == 0 {
		return standard
	}
	return max(0, option)
}

// startDue starts the attempts that are due. It returns a connection that was made at once.
func (r *race) startDue(resolved bool) *Conn {
	for r.left.len() > 0 && len(r.running) < attemptsMax && r.due(resolved) {
		r.lastFailed = false
		r.next = time.Now().Add(max(attemptDelayMin, delay(r.AttemptDelay, DefaultAttemptDelay)))
		if c := r.start(r.left.next()); c != nil {
			return c
		}
	}
	return nil
}

func (r *race) due(resolved bool) bool {
	switch {
	case len(r.errs) == 0:
		return resolved || len(r.left.queues[family6]) > 0 || !time.Now().Before(r.gate)
	case len(r.running) == 0 || r.lastFailed:
		return true
	}
	return r.AttemptDelay >= 0 && !time.Now().Before(r.next)
}

// until returns the time of the next action, unless an event comes first.
func (r *race) until() time.Time {
	first, _ := r.ctx.Deadline()
	if r.left.len() == 0 || len(r.running) == attemptsMax {
		return first
	}
	next := r.next
	if len(r.errs) == 0 {
		next = r.gate
	} else if r.AttemptDelay < 0 {
		return first
	}
	if first.IsZero() || next.Before(first) {
		return next
	}
	return first
}

// start starts an attempt. It returns a connection that was made at once.
func (r *race) start(to candidate) *Conn {
	a := runner{candidate: to, index: len(r.errs)}
	r.errs = append(r.errs, nil)
	c, err := r.begin(to.addr)
	if err == nil && c.sock.phase == phaseConnecting {
		a.conn = c
		r.running = append(r.running, a)
		r.wanted = append(r.wanted, Readiness{c.reg, sys.Writable})
		return nil
	}
	if err == nil {
		c, err = c.settle(nil)
	}
	if err != nil {
		r.fail(a, err)
	}
	return c
}

// winner checks the outcome of every attempt and returns the first connection.
func (r *race) winner() *Conn {
	for i := 0; i < len(r.running); {
		a := r.running[i]
		err := a.conn.sock.FinishConnect()
		if err == sys.ErrWouldBlock {
			// Most waits end because of something other than this attempt; inVain detects that.
			if _, stuck := a.conn.out.inVain(&a.conn.sock, a.conn.reg, sys.Writable); stuck != nil {
				err = stuck
			}
		}
		if err == sys.ErrWouldBlock {
			i++
			continue
		}
		r.running = append(r.running[:i], r.running[i+1:]...)
		r.wanted = append(r.wanted[:i], r.wanted[i+1:]...)
		c, err := a.conn.settle(err)
		if err == nil {
			return c
		}
		r.fail(a, err)
	}
	return nil
}

// fail records the error of an attempt that has ended, or queues the attempt again.
func (r *race) fail(a runner, err error) {
	r.lastFailed = true
	if errors.Is(err, ErrSelfConnect) && a.selfConnects < selfConnectsMax {
		a.selfConnects++
		r.left.again(a.candidate)
		return
	}
	r.errs[a.index] = r.failedAt(a.addr, err)
}

// lost returns the error of a race that cause has ended.
func (r *race) lost(cause error) error {
	if r.names != nil && len(r.errs) == 0 && r.left.len() == 0 {
		return r.failed(nil, lookupError(r.ctx, r.host, cause))
	}
	cause = done(r.ctx, cause)
	for _, a := range r.running {
		r.errs[a.index] = r.failedAt(a.addr, cause)
	}
	if len(r.running) == 0 {
		r.errs = append(r.errs, r.failed(nil, cause))
	}
	return joined(r.errs)
}

// failure returns the error of a race in which every attempt failed or no address was found.
func (r *race) failure() error {
	if err := joined(r.errs); err != nil {
		return err
	}
	return r.failed(nil, r.names.failure(r.ctx, r.host))
}
