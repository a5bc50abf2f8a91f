package stream

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
)

// controlFunc is the type of the Control fields of Dialer, ListenOptions and PacketOptions.
type controlFunc = func(network, address string, c syscall.RawConn) error

// control calls the function of the Dialer for a socket that has just been opened.
func (d *dialing) control(s *Socket, network, address string) error {
	switch {
	case d.ControlContext != nil:
		return s.show(func(c syscall.RawConn) error { return d.ControlContext(d.ctx, network, address, c) })
	case d.Control != nil:
		return s.show(func(c syscall.RawConn) error { return d.Control(network, address, c) })
	}
	return nil
}

// controlled calls f, unless it is nil, for a socket that has just been opened.
func (s *Socket) controlled(f controlFunc, network, address string) error {
	if f == nil {
		return nil
	}
	return s.show(func(c syscall.RawConn) error { return f(network, address, c) })
}

// show calls f with access to s, which ends when f returns.
func (s *Socket) show(f func(c syscall.RawConn) error) error {
	var r rawSocket
	r.sock.Store(s)
	defer r.sock.Store(nil)
	return f(&r)
}

// rawSocket is a Socket without a registration, with the methods of a syscall.RawConn.
type rawSocket struct{ sock atomic.Pointer[Socket] }

var errRawEnded = errors.New("stream: raw access to a socket ends when the control function returns")

func (r *rawSocket) Control(f func(fd uintptr)) error {
	s := r.sock.Load()
	if s == nil {
		return errRawEnded
	}
	return s.configure(f)
}

func (r *rawSocket) Read(func(fd uintptr) bool) error  { return errRawWaits }
func (r *rawSocket) Write(func(fd uintptr) bool) error { return errRawWaits }

var errRawWaits = fmt.Errorf("stream: a socket that is neither bound nor connected cannot wait: %w", errors.ErrUnsupported)
