package stream

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// selfConnectsMax is how often an attempt that connected to itself is repeated. The kernel could
// choose the port, so it was free and no listener had it. A listener may have it by the next try,
// which gets another port.
const selfConnectsMax = 2

// attemptShareMin is the minimum time for one of several addresses, unless less is left.
const attemptShareMin = 2 * time.Second

// tryEach tries the candidates in sequence.
func (d *Dialer) tryEach(ctx context.Context, left candidates) (*Conn, error) {
	var failed []error
	for left.len() > 0 {
		until := share(ctx, left.len())
		addr := left.next().addr
		c, err := d.attempt(ctx, addr, until)
		if err == nil {
			return c, nil
		}
		failed = append(failed, opError("dial", nil, netAddr(addr), err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, joined(failed)
}

// joined joins the errors that are not nil.
func joined(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// share returns the deadline of the first of left addresses.
func share(ctx context.Context, left int) time.Time {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Time{}
	}
	remaining := time.Until(deadline)
	part := remaining / time.Duration(left)
	if part < attemptShareMin {
		part = min(attemptShareMin, remaining)
	}
	if part == remaining {
		return deadline
	}
	return time.Now().Add(part)
}

// attempt connects to one address until deadline. It returns a connection or an error, never both.
// After an error no descriptor is left open.
func (d *Dialer) attempt(ctx context.Context, addr netip.AddrPort, deadline time.Time) (*Conn, error) {
	for tries := 0; ; tries++ {
		if err := ctx.Err(); err != nil {
			return nil, done(ctx, err)
		}
		c, err := d.once(ctx, addr, deadline)
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, ErrSelfConnect) || tries == selfConnectsMax {
			return nil, done(ctx, err)
		}
	}
}

func (d *Dialer) once(ctx context.Context, addr netip.AddrPort, deadline time.Time) (*Conn, error) {
	c, err := d.begin(addr)
	if err != nil {
		return nil, err
	}
	if c.sock.phase == phaseConnecting {
		err = c.finish(ctx, deadline)
	}
	return c.settle(err)
}

// begin starts a connect to addr and registers the socket.
func (d *Dialer) begin(addr netip.AddrPort) (*Conn, error) {
	s, err := OpenTCP(sys.FamilyOf(addr.Addr()))
	if err != nil {
		return nil, callError("socket", err)
	}
	if err := d.apply(&s); err != nil {
		s.Close()
		return nil, callError("setsockopt", err)
	}
	c := &Conn{endpoint: endpoint{sock: s}, remote: addr}
	err = c.sock.StartConnect(addr)
	if err != nil && err != sys.ErrWouldBlock {
		c.sock.Close()
		return nil, callError("connect", err)
	}
	if c.reg, err = registerWith(d.Waiter, c.sock.handle); err != nil {
		c.sock.Close()
		return nil, err
	}
	return c, nil
}

// settle completes c after a connect with outcome err, or closes it.
func (c *Conn) settle(err error) (*Conn, error) {
	if err == nil {
		c.local, err = c.sock.LocalAddr()
	}
	if err != nil {
		c.Close()
		return nil, callError("connect", err)
	}
	return c, nil
}

func (d *Dialer) apply(s *Socket) error {
	if !d.Nagle {
		if err := s.SetNoDelay(true); err != nil {
			return err
		}
	}
	if d.KeepAlive {
		return s.do(keepAlive)
	}
	return nil
}

// finish waits for the outcome of a connect. A cancellation arrives through Interrupt, so no
// goroutine waits for it.
func (c *Conn) finish(ctx context.Context, deadline time.Time) error {
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() { c.reg.Interrupt(sys.Writable) })
		defer stop()
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		wait := c.reg.Wait(sys.Writable, deadline)
		// Check the outcome even after the deadline: a connection that was made by then counts.
		if wait != nil && wait != os.ErrDeadlineExceeded {
			return wait
		}
		if err := c.sock.FinishConnect(); err != sys.ErrWouldBlock {
			return err
		}
		if wait != nil {
			return wait
		}
		if _, err := c.out.inVain(&c.sock, c.reg, sys.Writable); err != nil {
			return err
		}
	}
}

// done converts err to the form that callers of a dial expect. It converts only an err that results
// from the end of ctx or of the time share of an address.
func done(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case ctx.Err() == context.Canceled:
		return errors.Join(context.Canceled, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return &timeoutError{context.DeadlineExceeded}
	}
	return err
}
