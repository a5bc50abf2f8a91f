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

// selfConnectsMax is how often an attempt that got itself as its peer is made again: the port was
// free to be chosen, so nobody listens there, but somebody may by the next try, which gets another
// port.
const selfConnectsMax = 2

// attemptShareMin is the least time that one of several addresses gets, unless less is left.
const attemptShareMin = 2 * time.Second

// tryEach connects to one candidate after the other.
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

// joined makes one error of those that are not nil.
func joined(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// share returns until when the first of left addresses is tried.
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

// attempt connects to one address until deadline. It returns a connection or an error, never both,
// and leaves no descriptor behind an error.
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

// begin starts to connect to addr, and registers the socket.
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
	if c.reg, err = d.Waiter.Register(c.sock.handle); err != nil {
		c.sock.Close()
		return nil, err
	}
	return c, nil
}

// settle makes c, whose connect had the outcome err, a connection, or closes it.
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

// finish waits for the outcome of a connect. Cancellation comes by Interrupt, so no goroutine waits
// for it.
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
		// The outcome is asked for even when time is up: a connection that was made then is a
		// connection.
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

// done gives err the form that the callers of a dial expect, when it comes of the end of ctx or of
// an address's share of the time.
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
