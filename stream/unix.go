package stream

import (
	"context"
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
// Waiter and Timeout.
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
	c, err := d.unix(ctx, name)
	if err != nil {
		return nil, opError("dial", nil, unixAddr(name), done(ctx, err))
	}
	return c, nil
}

func (d *Dialer) unix(ctx context.Context, name string) (*Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := OpenUnix()
	if err != nil {
		return nil, callError("socket", err)
	}
	c := &Conn{endpoint: endpoint{sock: s}}
	err = c.sock.StartConnectUnix(name)
	if err != nil && err != sys.ErrWouldBlock {
		c.sock.Close()
		return nil, callError("connect", err)
	}
	if c.reg, err = registerWith(d.Waiter, c.sock.handle); err != nil {
		c.sock.Close()
		return nil, err
	}
	if c.sock.phase == phaseConnecting {
		deadline, _ := ctx.Deadline()
		err = c.finish(ctx, deadline)
	}
	if err == nil {
		c.ends, err = c.sock.unixEnds()
	}
	if err != nil {
		c.Close()
		return nil, callError("connect", err)
	}
	return c, nil
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
	return &ends{unixAddr(local), unixAddr(remote)}, nil
}

// ListenUnix opens a unix-domain socket that listens under name, and registers it with w. name is a
// path or, on Linux, "@" and an abstract name. A path must not exist yet, even if a listener that
// ended without Close left it.
//
// As in package net, Close removes the path unless options.KeepPath is set. It removes whatever is
// at that path by then, even the path of another listener. An abstract name ends with the socket,
// which a poll in another thread may keep alive for a moment.
//
// The TCP fields of options have no effect. The addresses are *net.UnixAddr. AddrPort, AcceptSocket
// and TryAccept return the zero netip.AddrPort.
func ListenUnix(w Waiter, name string, options ListenOptions) (*Listener, error) {
	l, err := listenUnix(w, name, options)
	if err != nil {
		return nil, opError("listen", nil, unixAddr(name), err)
	}
	return l, nil
}

func listenUnix(w Waiter, name string, options ListenOptions) (_ *Listener, err error) {
	s, err := OpenUnix()
	if err != nil {
		return nil, callError("socket", err)
	}
	l := &Listener{sock: s, waiter: w, exhausted: options.Exhausted, name: unixAddr(name)}
	defer func() {
		if err != nil {
			l.removePath()
			l.sock.Close()
		}
	}()
	if err := l.sock.BindUnix(name); err != nil {
		return nil, callError("bind", err)
	}
	// Remove only a path that Bind has created.
	if !strings.HasPrefix(name, "@") {
		l.path = name
	}
	if err := l.sock.Listen(options.backlog()); err != nil {
		return nil, callError("listen", err)
	}
	if l.reg, err = registerWith(w, l.sock.handle); err != nil {
		return nil, err
	}
	if options.KeepPath {
		l.path = ""
	}
	return l, nil
}

// removePath removes the path of a unix-domain listener. It ignores errors: Close cannot fix a path
// that is already gone or a directory that denies the removal.
func (l *Listener) removePath() {
	if l.path != "" {
		os.Remove(l.path)
	}
}
