package stream

import (
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// FileListener makes a listener from a duplicate of the listening socket f, as the function of that
// name in package net does, and registers it with w. f stays the caller's, which closes it
// separately. It is for a socket that the process has inherited, such as those of systemd.
//
// Accepted connections get the options of package net: TCP_NODELAY and keep-alive. Close leaves the
// path of a unix-domain listener in place, unless [Listener.SetUnlinkOnClose] says otherwise.
//
// As others may have the open file and clear its non-blocking flag, each accept checks the flag.
// This costs one system call.
//
// An error is a *net.OpError. If f is not a stream socket or one of "unixpacket", it is EINVAL. On
// Windows it is errors.ErrUnsupported.
func FileListener(w Waiter, f *os.File) (*Listener, error) {
	s, err := inherit(f)
	if err != nil {
		return nil, fileError(f, err)
	}
	l := &Listener{sock: s, waiter: w}
	if err := l.inherit(); err != nil {
		l.sock.Close()
		return nil, fileError(f, err)
	}
	return l, nil
}

func (l *Listener) inherit() (err error) {
	s := &l.sock
	if s.datagrams != noDatagrams {
		return syscall.EINVAL
	}
	if l.addr, err = s.LocalAddr(); err != nil {
		return callError("getsockname", err)
	}
	if l.addr.IsValid() {
		if err := s.do(asNet); err != nil {
			return callError("setsockopt", err)
		}
	} else {
		e, err := s.unixEnds()
		if err != nil {
			return callError("getsockname", err)
		}
		l.name = e.local
		l.keepName(l.name.String())
	}
	l.reg, err = registerWith(l.waiter, s.handle)
	return err
}

// FileConn makes a *Conn or a *PacketConn from a duplicate of the connected socket f, as the
// function of that name in package net does, and registers it with w. f stays the caller's, which
// closes it separately. A connection of TCP gets the options of package net: TCP_NODELAY and
// keep-alive.
//
// An error is a *net.OpError. If f is not a socket, it is ENOTSOCK; [AdoptDuplicate] takes such
// files. On Windows it is errors.ErrUnsupported.
func FileConn(w Waiter, f *os.File) (net.Conn, error) {
	s, err := inherit(f)
	if err != nil {
		return nil, fileError(f, err)
	}
	if s.datagrams != noDatagrams {
		return asConn(filePackets(w, s, f))
	}
	if s.kind == plainTCP {
		err = callError("setsockopt", s.do(asNet))
	}
	var c *Conn
	if err == nil {
		c, err = NewConn(s, w)
	}
	if err != nil {
		s.Close()
		return nil, fileError(f, err)
	}
	return c, nil
}

// FilePacketConn makes a PacketConn from a duplicate of the datagram socket f, as the function of
// that name in package net does, and registers it with w. f stays the caller's, which closes it
// separately. Close leaves the path of a unix-domain socket in place.
//
// An error is a *net.OpError. If f is not a datagram socket, it is EINVAL. On Windows it is
// errors.ErrUnsupported.
func FilePacketConn(w Waiter, f *os.File) (*PacketConn, error) {
	s, err := inherit(f)
	if err != nil {
		return nil, fileError(f, err)
	}
	return filePackets(w, s, f)
}

func filePackets(w Waiter, s Socket, f *os.File) (*PacketConn, error) {
	if s.datagrams == noDatagrams {
		s.Close()
		return nil, fileError(f, syscall.EINVAL)
	}
	c, err := NewPacketConn(s, w)
	if err != nil {
		s.Close()
		return nil, fileError(f, err)
	}
	return c, nil
}

// inherit returns a duplicate of the socket f.
func inherit(f *os.File) (Socket, error) {
	s, err := AdoptDuplicate(f)
	if err == nil && s.file {
		s.Close()
	}
	if err == nil && s.file || errors.Is(err, ErrNotPollable) {
		err = os.NewSyscallError("getsockopt", syscall.ENOTSOCK)
	}
	return s, err
}

// asNet sets the options that package net gives to each connection of TCP.
func asNet(h sys.Handle) error {
	if err := supported(sys.SetNoDelay(h, true)); err != nil {
		return err
	}
	return keepAlive(h, 0, net.KeepAliveConfig{})
}

func fileError(f *os.File, err error) error {
	if e, ok := err.(*net.OpError); ok {
		err = e.Err
	}
	return &net.OpError{Op: "file", Net: fileNetwork, Addr: fileAddr(f.Name()), Err: err}
}

// fileNetwork is the network of errors about files.
const fileNetwork = "file+net"

// fileAddr is the name of a file.
type fileAddr string

func (fileAddr) Network() string  { return fileNetwork }
func (a fileAddr) String() string { return string(a) }
