package stream

import (
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// backlogDefault is the backlog requested from the kernel, which lowers it to its own limit
// (net.core.somaxconn on Linux).
const backlogDefault = 4096

// ListenOptions configures a [Listener]. The zero value is ready for use.
type ListenOptions struct {
	// Backlog is how many connections may wait to be accepted. Zero means 4,096.
	Backlog int

	// ReusePort lets several listeners share an address. Linux and DragonFly spread connections
	// among them. A listener that is closed discards the connections in its queue.
	ReusePort bool

	// DualStack lets a listener on an IPv6 address also accept IPv4 connections.
	DualStack bool

	// Nagle leaves TCP_NODELAY off on accepted connections. By default Listen turns it on, as
	// package net does.
	Nagle bool

	// KeepAlive is the time of silence after which the kernel probes the peer of a connection.
	// Zero means 15 seconds, and a negative time turns probes off. Probes repeat up to 9 times at
	// intervals of 15 seconds. These are the times of package net. OpenBSD has one such setting for
	// the whole system.
	KeepAlive time.Duration

	// KeepAliveConfig replaces KeepAlive if its field Enable is true.
	KeepAliveConfig net.KeepAliveConfig

	// MultipathTCP accepts connections over Multipath TCP (RFC 8684) from peers that offer it, on
	// Linux. A system that lacks or refuses it uses TCP.
	MultipathTCP bool

	// KeepPath leaves the path of a unix-domain listener in place after Close. It is the initial
	// value for SetUnlinkOnClose.
	KeepPath bool

	// Control, if set, is called for the new socket before it is bound, as for a net.ListenConfig:
	// with a network such as "tcp4" or "unix", and the local address. An error ends the listen.
	// Dialer.Control documents what the function may do. Accepted connections inherit most options.
	Control func(network, address string, c syscall.RawConn) error

	// Exhausted, if set, is called for each pause that Accept makes because the process or the
	// system has run out of descriptors or memory. The goroutine or task that accepts calls it. It
	// must not block.
	Exhausted func(err error, pause time.Duration)
}

// Listener accepts connections and suspends its caller, through a [Waiter], while no connection
// waits. It implements net.Listener.
//
// Any goroutine may use Close, SetDeadline and Addr at any time. Callers of Accept take turns; see
// the package's section on concurrency.
type Listener struct {
	sock      Socket
	waiter    Waiter
	reg       Source
	in        side
	recovery  recovery // guarded by in.turn
	addr      netip.AddrPort
	version   version     // of the network
	name      net.Addr    // of a unix-domain listener; otherwise nil
	path      string      // of a unix-domain listener that has one
	unlink    atomic.Bool // Close removes path
	exhausted func(error, time.Duration)
	accepts   atomic.Uint64
}

var _ net.Listener = (*Listener)(nil)

// Listen opens a socket that listens on addr and registers it with w. With port zero the kernel
// chooses the port. The zero netip.Addr means every interface, over IPv6 and IPv4, or over IPv4
// alone if the system lacks the other. Accepted connections inherit the options that Listen sets,
// at no cost per connection. [ListenConfig] takes addresses as package net writes them.
func Listen(w Waiter, addr netip.AddrPort, options ListenOptions) (*Listener, error) {
	return options.listen(w, place{network: network, addr: addr, name: netAddr(addr)})
}

func (options ListenOptions) listen(w Waiter, p place) (*Listener, error) {
	if options.MultipathTCP {
		l, err := everywhere(p, func(p place) (*Listener, error) { return options.listenOn(openMultipath, w, p) })
		if err == nil {
			return l, nil // after an error, try TCP: see begin
		}
	}
	l, err := everywhere(p, func(p place) (*Listener, error) { return options.listenOn(OpenTCP, w, p) })
	if err != nil {
		return nil, p.failed(err)
	}
	return l, nil
}

func (options ListenOptions) listenOn(open func(sys.Family) (Socket, error), w Waiter, p place) (_ *Listener, err error) {
	s, err := open(p.family())
	if err != nil {
		return nil, callError("socket", err)
	}
	l := &Listener{sock: s, waiter: w, version: versionOf(p.network), exhausted: options.Exhausted}
	defer func() {
		if err != nil {
			l.sock.Close()
		}
	}()
	if err := options.apply(s.handle, p); err != nil {
		return nil, callError("setsockopt", err)
	}
	if err := l.sock.controlled(options.Control, p.controlNetwork(), p.name.String()); err != nil {
		return nil, err
	}
	if err := l.sock.Bind(p.addr); err != nil {
		return nil, callError("bind", err)
	}
	if err := l.sock.Listen(options.backlog()); err != nil {
		return nil, callError("listen", err)
	}
	if l.addr, err = l.sock.LocalAddr(); err != nil {
		return nil, callError("getsockname", err)
	}
	if l.reg, err = registerWith(w, s.handle); err != nil {
		return nil, err
	}
	return l, nil
}

func (options ListenOptions) backlog() int {
	if options.Backlog <= 0 {
		return backlogDefault
	}
	return options.Backlog
}

func (options ListenOptions) apply(h sys.Handle, p place) error {
	if err := sys.SetReuseAddr(h, true); err != nil {
		return err
	}
	if options.ReusePort {
		if err := sys.SetReusePort(h, true); err != nil {
			return err
		}
	}
	if err := p.limit(h, options.DualStack); err != nil {
		return err
	}
	if err := keepAlive(h, options.KeepAlive, options.KeepAliveConfig); err != nil {
		return err
	}
	return sys.SetNoDelay(h, !options.Nagle)
}

// Accept waits for a connection and returns it as a *Conn on the Listener's own Waiter.
//
// Accept survives errors that concern a single connection ([Transient]). It also survives
// exhaustion ([Exhausted]), including exhaustion in the wait for the listener or in the
// registration of the connection. It then pauses and continues. The first pause is 5 ms; each later
// one is twice as long, up to a second. It calls ListenOptions.Exhausted for each pause.
func (l *Listener) Accept() (net.Conn, error) {
	return asConn(l.AcceptOn(l.waiter))
}

// AcceptOn is Accept with the connection on another Waiter, which may belong to another loop.
func (l *Listener) AcceptOn(w Waiter) (*Conn, error) {
	s, peer, err := l.AcceptSocket()
	if err != nil {
		return nil, err
	}
	for {
		c, err := register(s, peer, w)
		if err == nil {
			c.version = l.version
			return c, nil
		}
		if Exhausted(err) {
			err = l.pause(err)
		}
		if err != nil {
			s.Close()
			return nil, err
		}
	}
}

// pause is recover for a connection that has been accepted but cannot be registered. The connection
// cannot return to the queue, so the caller tries again.
func (l *Listener) pause(err error) error {
	if err := l.in.take(l.reg); err != nil {
		return l.opError("accept", err)
	}
	defer l.in.give()
	err = l.recover(err)
	if err == nil {
		err = l.open()
	}
	if err == nil && l.in.expired() {
		err = os.ErrDeadlineExceeded
	}
	return l.opError("accept", err)
}

// AcceptSocket is Accept, but returns a socket without a registration, and the address of its TCP
// peer. The socket is non-blocking and close-on-exec, like that of TryAccept.
func (l *Listener) AcceptSocket() (Socket, netip.AddrPort, error) {
	s, peer, err := l.acceptSocket()
	return s, peer, l.opError("accept", err)
}

func (l *Listener) acceptSocket() (Socket, netip.AddrPort, error) {
	if err := l.in.take(l.reg); err != nil {
		return Socket{}, netip.AddrPort{}, err
	}
	defer l.in.give()
	for {
		if l.in.expired() && l.open() == nil {
			return Socket{}, netip.AddrPort{}, os.ErrDeadlineExceeded
		}
		s, peer, err := l.sock.TryAccept()
		if err == nil {
			l.recovery = recovery{}
			l.accepts.Add(1)
			return s, peer, nil
		}
		if err == sys.ErrWouldBlock {
			// The wait itself may have run out of memory.
			if err = l.in.wait(&l.sock, l.reg, sys.Readable); Exhausted(err) {
				err = l.recover(err)
			}
		} else {
			err = l.recover(err)
		}
		if err != nil {
			return Socket{}, netip.AddrPort{}, err
		}
	}
}

// recover pauses after an error that the listener survives, and returns any other error.
func (l *Listener) recover(err error) error {
	pause, survives := l.recovery.next(err)
	if !survives {
		return err
	}
	if pause == 0 {
		return nil
	}
	if l.exhausted != nil {
		l.exhausted(callError("accept", err), pause)
	}
	for until := time.Now().Add(pause); ; {
		if l.in.expired() {
			return nil
		}
		// A listener is never writable, so this wait is a pause that Close ends. A wait to read
		// would return at once: the connection that cannot be accepted is still in the queue.
		deadline := until
		if d := l.in.deadline(); !d.IsZero() && d.Before(until) {
			deadline = d
		}
		err := l.reg.Wait(sys.Writable, deadline)
		if Exhausted(err) {
			err = l.sleep(deadline, err)
		}
		if err != nil && err != os.ErrDeadlineExceeded {
			return err
		}
		if !time.Now().Before(until) {
			return nil
		}
	}
}

// sleep is a pause that needs no kernel memory, for when even waiting for a time fails with err.
// Close and SetDeadline do not end it, so it is short, and the caller repeats it.
func (l *Listener) sleep(until time.Time, err error) error {
	selector, ok := l.waiter.(Selector)
	if !ok {
		return err
	}
	if next := time.Now().Add(acceptDelayMin); next.Before(until) {
		until = next
	}
	s := selector.NewSelect()
	defer s.Close()
	return s.Wait(nil, until)
}

// TryAccept takes a connection off the queue without waiting. It returns a socket without a
// registration, and the address of its peer. It ignores the deadline, and returns [ErrBusy] while
// another call accepts.
//
// It returns sys.ErrWouldBlock if the queue is empty. It skips errors that are [Transient]. It
// returns an error that is [Exhausted]; the caller pauses before the next try.
func (l *Listener) TryAccept() (Socket, netip.AddrPort, error) {
	if !l.in.turn.Try() {
		return Socket{}, netip.AddrPort{}, l.opError("accept", ErrBusy)
	}
	defer l.in.give()
	for tries := 0; ; tries++ {
		s, peer, err := l.sock.TryAccept()
		if err == nil {
			l.accepts.Add(1)
		}
		if err == nil || !Transient(err) || tries == transientMax {
			l.in.tried(err)
			return s, peer, l.opError("accept", err)
		}
	}
}

// Wait suspends the caller until TryAccept is worth calling, the deadline passes or the listener is
// closed.
func (l *Listener) Wait() error {
	if err := l.in.claim(l.reg); err != nil {
		return l.opError("accept", err)
	}
	defer l.in.give()
	if err := l.open(); err != nil {
		return l.opError("accept", err)
	}
	if !l.in.blocked {
		l.in.progressed()
	}
	return l.opError("accept", l.in.wait(&l.sock, l.reg, sys.Readable))
}

// Close closes the listener and resets the connections that were not accepted. Running and later
// calls return net.ErrClosed. A second Close returns an error that is net.ErrClosed.
func (l *Listener) Close() error {
	if !l.sock.retire() {
		return l.opError("close", net.ErrClosed)
	}
	// As in package net, remove the name before closing the socket. In the other order, a listener
	// that is still visible could refuse a caller.
	l.removePath()
	err := l.reg.Close()
	if e := l.sock.release(); err == nil {
		err = e
	}
	return l.opError("close", err)
}

// SetDeadline sets the deadline of accepts. Once t has passed, running and later accepts return an
// error that is os.ErrDeadlineExceeded. The zero time means no deadline. A later deadline lets
// accepts wait again.
func (l *Listener) SetDeadline(t time.Time) error {
	if err := l.open(); err != nil {
		return l.opError("set", err)
	}
	l.in.setDeadline(t, l.reg, sys.Readable)
	l.reg.Interrupt(sys.Writable) // ends a pause
	return nil
}

// Addr returns the address that the listener is bound to, a *net.TCPAddr or *net.UnixAddr. It stays
// available after Close.
func (l *Listener) Addr() net.Addr {
	if l.name != nil {
		return l.name
	}
	return netAddr(l.addr)
}

// AddrPort is Addr for a TCP listener, without an allocation.
func (l *Listener) AddrPort() netip.AddrPort { return l.addr }

func (l *Listener) open() error {
	if l.sock.Handle() == sys.Invalid {
		return net.ErrClosed
	}
	return nil
}

func (l *Listener) opError(op string, err error) error {
	if err == nil || err == sys.ErrWouldBlock {
		return err
	}
	network := l.version.network()
	if l.name != nil {
		network = l.name.Network()
	}
	return &net.OpError{Op: op, Net: network, Addr: l.Addr(), Err: callError(op, err)}
}
