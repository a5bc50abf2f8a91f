package stream

import (
	"context"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// OpenUnix opens a unix-domain stream socket that is non-blocking and close-on-exec from birth. It
// has no name and no peer.
func OpenUnix() (Socket, error) {
	h, err := sys.UnixSocket()
	if err != nil {
		return Socket{}, err
	}
	return own(h), nil
}

// OpenUnixpacket is [OpenUnix] for a socket that transfers records (SOCK_SEQPACKET). Each write
// sends one record, whole or not at all. Each read receives one, and discards what exceeds its
// buffer. An empty record reads as the end of the stream. macOS and Windows lack such sockets.
func OpenUnixpacket() (Socket, error) {
	h, err := sys.UnixpacketSocket()
	if err != nil {
		return Socket{}, err
	}
	s := own(h)
	s.kind = unixRecords
	return s, nil
}

// openUnix opens a socket of network "unix" or "unixpacket".
func openUnix(network string) (Socket, error) {
	if network == networkUnixpacket {
		return OpenUnixpacket()
	}
	return OpenUnix()
}

// BindUnix gives a unix-domain socket its name. A path creates a file. On Linux, "@" and an
// abstract name create none. BindUnix refuses an empty name, a path with a NUL, and a name that is
// too long for the system. On Linux the limit is 108 bytes, including the "@". An abstract name may
// contain NULs.
func (s *Socket) BindUnix(name string) error {
	return s.do(func(h sys.Handle) error { return sys.BindUnix(h, name) })
}

// StartConnectUnix is StartConnect to the unix-domain socket with that name. Its outcome is almost
// always known at once. If too many connections wait at the listener, it returns [ErrBacklogFull],
// and the caller may try the socket again.
func (s *Socket) StartConnectUnix(name string) error {
	if err := s.acquire(); err != nil {
		return err
	}
	defer s.release()
	if err := s.keep(); err != nil {
		return err
	}
	err := sys.ConnectUnix(s.handle, name)
	switch {
	case sys.ClassOf(err) == sys.ClassInProgress:
		s.phase = phaseConnecting
		return sys.ErrWouldBlock
	case err == syscall.EAGAIN:
		return ErrBacklogFull
	}
	s.phase = phaseSettled
	return err
}

// ConnectUnix connects to the unix-domain socket with that name, with the promises of DialContext.
// The name is a path or, on Linux, "@" and an abstract name. Of the Dialer's fields it uses only
// Waiter, Timeout, LocalAddr, Control and ControlContext.
//
// If the queue of the listener is full, it returns an error that is [ErrBacklogFull] at once,
// because the kernel offers nothing to wait for. Only Linux has that error; other systems refuse
// the connection.
//
// If the path does not exist, the error is ENOENT. If no listener has the path, it is ECONNREFUSED.
// ConnectUnix refuses the same names as [Socket.BindUnix].
func (d *Dialer) ConnectUnix(ctx context.Context, name string) (*Conn, error) {
	ctx, cancel := d.limit(ctx)
	defer cancel()
	one := &dialing{Dialer: d, ctx: ctx, network: networkUnix}
	if err := one.check(); err != nil {
		return nil, err
	}
	return one.connectUnix(name)
}

// unix dials an address of unix-domain streams or records.
func (d *dialing) unix(name string) (*Conn, error) {
	if err := d.named(name); err != nil {
		return nil, err
	}
	return d.connectUnix(name)
}

// named is target for a unix-domain address.
func (d *dialing) named(name string) error {
	if name == "" {
		return d.failed(nil, errMissingAddress)
	}
	return d.check()
}

func (d *dialing) connectUnix(name string) (*Conn, error) {
	c, err := d.attemptUnix(name)
	if err != nil {
		return nil, d.failed(&net.UnixAddr{Name: name, Net: d.network}, done(d.ctx, err))
	}
	return c, nil
}

func (d *dialing) attemptUnix(name string) (*Conn, error) {
	if err := d.ctx.Err(); err != nil {
		return nil, err
	}
	s, err := openUnix(d.network)
	if err != nil {
		return nil, callError("socket", err)
	}
	c := &Conn{endpoint: endpoint{sock: s}}
	if err = d.prepareUnix(&c.sock, name); err == nil {
		err = callError("connect", c.sock.StartConnectUnix(name))
	}
	if err == nil || err == sys.ErrWouldBlock {
		c.reg, err = registerWith(d.Waiter, c.sock.handle)
	}
	if err != nil {
		c.sock.Close()
		return nil, err
	}
	if c.sock.phase == phaseConnecting {
		deadline, _ := d.ctx.Deadline()
		err = c.finish(d.ctx, deadline)
	}
	if err == nil {
		c.ends, err = c.sock.unixEnds()
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

// prepareUnix is prepare for a unix-domain socket.
func (d *dialing) prepareUnix(s *Socket, name string) error {
	if err := d.control(s, d.network, name); err != nil {
		return err
	}
	return callError("bind", d.from.bindUnix(s))
}

// unixEnds asks the kernel for the names of both ends.
func (s *Socket) unixEnds() (*ends, error) {
	local, err := sys.LocalUnixName(s.handle)
	if err != nil {
		return nil, err
	}
	remote, err := sys.PeerUnixName(s.handle)
	if err != nil && sys.ClassOf(err) != sys.ClassDisconnected {
		return nil, err
	}
	// A peer that is gone has no name any more, but what it wrote is still readable.
	network := networkUnix
	if s.kind == unixRecords {
		network = networkUnixpacket
	}
	return &ends{&net.UnixAddr{Name: local, Net: network}, &net.UnixAddr{Name: remote, Net: network}}, nil
}

// ListenUnix opens a unix-domain socket that listens under name, and registers it with w. name is a
// path or, on Linux, "@" and an abstract name. A path must not exist yet, even if a listener that
// ended without Close left it.
//
// As in package net, Close removes the path unless options.KeepPath is set or
// [Listener.SetUnlinkOnClose] says otherwise. It removes whatever is at that path by then, even the
// path of another listener. An abstract name ends with the socket, which a poll in another thread
// may keep alive for a moment.
//
// The TCP fields of options have no effect. The addresses are *net.UnixAddr. AddrPort, AcceptSocket
// and TryAccept return the zero netip.AddrPort.
func ListenUnix(w Waiter, name string, options ListenOptions) (*Listener, error) {
	return options.listenUnix(w, networkUnix, name)
}

func (options ListenOptions) listenUnix(w Waiter, network, name string) (*Listener, error) {
	addr := &net.UnixAddr{Name: name, Net: network}
	l, err := options.listenUnixAt(w, addr)
	if err != nil {
		return nil, place{network: network, name: addr}.failed(err)
	}
	return l, nil
}

func (options ListenOptions) listenUnixAt(w Waiter, addr *net.UnixAddr) (_ *Listener, err error) {
	s, err := openUnix(addr.Net)
	if err != nil {
		return nil, callError("socket", err)
	}
	l := &Listener{sock: s, waiter: w, exhausted: options.Exhausted, name: addr}
	defer func() {
		if err != nil {
			l.removePath()
			l.sock.Close()
		}
	}()
	if err := l.sock.controlled(options.Control, addr.Net, addr.Name); err != nil {
		return nil, err
	}
	if err := l.sock.BindUnix(addr.Name); err != nil {
		return nil, callError("bind", err)
	}
	// Remove only a path that Bind has created.
	l.keepName(addr.Name)
	l.unlink.Store(true)
	if err := l.sock.Listen(options.backlog()); err != nil {
		return nil, callError("listen", err)
	}
	if l.reg, err = registerWith(w, l.sock.handle); err != nil {
		return nil, err
	}
	l.unlink.Store(!options.KeepPath)
	return l, nil
}

// keepName sets the path of a listener whose name is one.
func (l *Listener) keepName(name string) {
	if !strings.HasPrefix(name, "@") {
		l.path = name
	}
}

// SetUnlinkOnClose sets whether Close removes the path of a unix-domain listener, as for a
// net.UnixListener. The default is that it does, unless ListenOptions.KeepPath is set or the
// listener comes from [FileListener]. On other listeners it has no effect.
func (l *Listener) SetUnlinkOnClose(unlink bool) { l.unlink.Store(unlink) }

// removePath removes the path of a unix-domain listener. It ignores errors: Close cannot fix a path
// that is already gone or a directory that denies the removal.
func (l *Listener) removePath() {
	if l.path != "" && l.unlink.Load() {
		os.Remove(l.path)
	}
}
