package stream

import (
	"context"
	"os"
	"strings"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// OpenUnix opens a unix-domain stream socket, non-blocking and close-on-exec from birth. It has no
// name and no peer.
func OpenUnix() (Socket, error) {
	h, err := sys.UnixSocket()
	if err != nil {
		return Socket{}, err
	}
	return own(h), nil
}

// BindUnix gives a unix-domain socket its name: a path, which is made as a file, or on Linux "@"
// and an abstract name, which is not. A name that is empty or longer than the system allows (108
// bytes on Linux, with the "@") is refused, and so is a path with a NUL. An abstract name may have
// NULs.
func (s *Socket) BindUnix(name string) error {
	return s.do(func(h sys.Handle) error { return sys.BindUnix(h, name) })
}

// StartConnectUnix is StartConnect to the unix-domain socket of that name. Its outcome is almost
// always known at once. It returns [ErrBacklogFull] when the listener has too many connections
// waiting; the socket may then be tried again.
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

// ConnectUnix connects to the unix-domain socket of that name, a path or on Linux "@" and an
// abstract name, with the promises of DialContext. Of the Dialer's fields it heeds Waiter and
// Timeout.
//
// A listener whose queue is full is an error that is [ErrBacklogFull], at once: the kernel offers
// nothing to wait for. Where it has not that error, which is Linux' own, it refuses the connection.
//
// A path that is not there is ENOENT, and one at which nobody listens ECONNREFUSED. Names are
// refused as by [Socket.BindUnix].
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
	if c.reg, err = d.Waiter.Register(c.sock.handle); err != nil {
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
	// A peer that is gone has no name any more. What it wrote before is still there to be read.
	return &ends{unixAddr(local), unixAddr(remote)}, nil
}

// ListenUnix opens a unix-domain socket that listens under name, a path or on Linux "@" and an
// abstract name, and registers it with w. A path must not be there yet, not even one that a
// listener left behind which ended without Close.
//
// Close removes the path, as package net does, unless options.KeepPath is set: whatever is there
// under the name then, also when another listener has taken the place meanwhile. An abstract name
// goes with the socket, which a poll in another thread may keep alive for a moment. The fields of
// options that are about TCP do nothing. The addresses are *net.UnixAddr; the netip.AddrPort of
// AddrPort, AcceptSocket and TryAccept is the zero one.
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
	// Only what Bind has made is removed.
	if !strings.HasPrefix(name, "@") {
		l.path = name
	}
	if err := l.sock.Listen(options.backlog()); err != nil {
		return nil, callError("listen", err)
	}
	if l.reg, err = w.Register(l.sock.handle); err != nil {
		return nil, err
	}
	if options.KeepPath {
		l.path = ""
	}
	return l, nil
}

// removePath removes the path of a unix-domain listener. That it is gone already, or that its
// folder refuses, is nothing that Close could mend.
func (l *Listener) removePath() {
	if l.path != "" {
		os.Remove(l.path)
	}
}
