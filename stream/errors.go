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

// ErrBusy is returned to a caller who must not be blocked when another one is operating in the same
// direction. See the package's section on concurrency.
var ErrBusy = errors.New("stream: another caller is operating in this direction")

// ErrNotConnecting is returned by [Socket.FinishConnect] when no connect is in progress: none was
// started, or its outcome has been returned.
var ErrNotConnecting = errors.New("stream: no connect is in progress")

// ErrSelfConnect is the outcome of a connect for which the kernel chose, as the local port, the
// very port that was called, and where nobody listens: TCP then connects the socket to itself (RFC
// 9293, 3.5, simultaneous open). It is a syscall.ECONNREFUSED.
var ErrSelfConnect = fmt.Errorf("stream: connected to itself: %w", syscall.ECONNREFUSED)

// ErrBacklogFull is the outcome of a connect to a unix-domain socket whose listener has as many
// connections waiting as it asked for. Linux says so at once, by EAGAIN, and offers no event to
// wait for; what to do, and after which pause, is the caller's choice. It is a syscall.EAGAIN.
var ErrBacklogFull = fmt.Errorf("stream: the queue of the listener is full: %w", syscall.EAGAIN)

// timeoutError ends a dial whose time is over. It is os.ErrDeadlineExceeded, as with reads, and
// context.DeadlineExceeded, as with package net.
type timeoutError struct{ cause error }

func (e *timeoutError) Error() string   { return "i/o timeout" }
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return true }
func (e *timeoutError) Unwrap() []error { return []error{os.ErrDeadlineExceeded, e.cause} }

// opError dresses err as package net does. The end of a stream and would-block are results, which
// callers compare, and stay as they are.
func opError(op string, source, addr net.Addr, err error) error {
	if err == nil || err == io.EOF || err == sys.ErrWouldBlock {
		return err
	}
	return &net.OpError{Op: op, Net: networkOf(addr, source), Source: source, Addr: addr, Err: callError(op, err)}
}

// callError names the system call that an errno came from.
func callError(call string, err error) error {
	var errno syscall.Errno
	if e, ok := err.(syscall.Errno); ok {
		errno = e
	} else {
		return err
	}
	return os.NewSyscallError(call, errno)
}
