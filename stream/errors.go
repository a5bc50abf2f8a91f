package stream

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// ErrBusy is returned to a caller that can neither be suspended nor block, while another caller
// operates in the same direction. A Try operation returns it too. See the package's section on
// concurrency.
var ErrBusy = errors.New("stream: another caller is operating in the same direction")

// ErrNoWaiter is returned by dials, listens and connections that were given no [Waiter].
var ErrNoWaiter = errors.New("stream: no Waiter: set one, such as loop.Waiter() or park.Waiter{}")

// ErrNotConnecting is returned by [Socket.FinishConnect] if no connect is in progress: none was
// started, or its outcome has already been returned.
var ErrNotConnecting = errors.New("stream: no connect in progress")

// ErrSelfConnect is returned if a socket has connected to itself. That happens if no socket listens
// on the dialed port and the kernel chooses that port as the local one (RFC 9293, 3.5, simultaneous
// open). It is a syscall.ECONNREFUSED.
var ErrSelfConnect = fmt.Errorf("stream: socket connected to itself: %w", syscall.ECONNREFUSED)

// ErrBacklogFull is returned by a connect to a unix-domain socket whose listener has a full
// backlog. Linux reports this at once, as EAGAIN, and offers no event to wait for. The caller
// decides whether to retry and how long to pause. It is a syscall.EAGAIN.
var ErrBacklogFull = fmt.Errorf("stream: listener backlog is full: %w", syscall.EAGAIN)

// opError wraps err as package net does. The end of a stream and would-block are results that
// callers compare, so opError returns them unchanged.
func opError(op string, source, addr net.Addr, err error) error {
	if err == nil || err == io.EOF || err == sys.ErrWouldBlock {
		return err
	}
	return &net.OpError{Op: op, Net: networkOf(addr, source), Source: source, Addr: addr, Err: callError(op, err)}
}

// callError adds the name of the system call to an errno.
func callError(call string, err error) error {
	var errno syscall.Errno
	if e, ok := err.(syscall.Errno); ok {
		errno = e
	} else {
		return err
	}
	return os.NewSyscallError(call, errno)
}
