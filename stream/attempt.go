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
func (d *dialing) tryEach(left candidates) (*Conn, error) {
	var failed []error
	for left.len() > 0 {
		until := share(d.ctx, left.len())
		addr := left.next().addr
		c, err := d.attempt(addr, until)
		if err == nil {
			return c, nil
		}
		failed = append(failed, d.failedAt(addr, err))
		if d.ctx.Err() != nil {
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
func (d *dialing) attempt(addr netip.AddrPort, deadline time.Time) (*Conn, error) {
	for tries := 0; ; tries++ {
		if err := d.ctx.Err(); err != nil {
			return nil, done(d.ctx, err)
		}
		c, err := d.once(addr, deadline)
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, ErrSelfConnect) || tries == selfConnectsMax {
			return nil, done(d.ctx, err)
		}
	}
}

func (d *dialing) once(addr netip.AddrPort, deadline time.Time) (*Conn, error) {
	c, err := d.begin(addr)
	if err != nil {
		return nil, err
	}
	if c.sock.phase == phaseConnecting {
		err = c.finish(d.ctx, deadline)
	}
	return c.settle(err)
}

// begin starts a connect to addr and registers the socket.
func (d *dialing) begin(addr netip.AddrPort) (*Conn, error) {
	if d.MultipathTCP {
		if c, err := d.beginOn(openMultipath, addr); err == nil {
			return c, nil
		}
		// As in package net, any error leads to TCP: the kernel, a sysctl or a security module may
		// refuse the protocol or one of its options.
	}
	return d.beginOn(OpenTCP, addr)
}

func (d *dialing) beginOn(open func(sys.Family) (Socket, error), addr netip.AddrPort) (*Conn, error) {
	addr = d.from.peer(addr)
	s, err := open(sys.FamilyOf(addr.Addr()))
	if err != nil {
		return nil, callError("socket", err)
	}
	c := &Conn{endpoint: endpoint{sock: s}, remote: addr, version: versionOf(d.network)}
	if err = d.prepare(&c.sock, addr); err == nil {
		err = callError("connect", c.sock.StartConnect(addr))
	}
	if err == nil || err == sys.ErrWouldBlock {
		c.reg, err = registerWith(d.Waiter, c.sock.handle)
	}
	if err != nil {
		c.sock.Close()
		return nil, err
	}
	return c, nil
}

// prepare does what comes before the connect of s to addr.
func (d *dialing) prepare(s *Socket, addr netip.AddrPort) error {
	if err := s.do(d.apply); err != nil {
		return callError("setsockopt", err)
	}
	if err := d.control(s, familyNetwork(network, sys.FamilyOf(addr.Addr())), addr.String()); err != nil {
		return err
	}
	return callError("bind", d.from.bind(s, addr.Addr()))
}

// settle completes c after a connect with outcome err, or closes it.
func (c *Conn) settle(err error) (*Conn, error) {
	if err == nil {
		c.local, err = c.sock.LocalAddr()
	}
	if err == nil {
		c.beginTransfer()
	}
	if err != nil {
		c.Close()
		return nil, callError("connect", err)
	}
	return c, nil
}

func (d *Dialer) apply(h sys.Handle) error {
	if !d.Nagle {
		if err := sys.SetNoDelay(h, true); err != nil {
			return err
		}
	}
	return keepAlive(h, d.KeepAlive, d.KeepAliveConfig)
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
