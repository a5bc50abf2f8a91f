package stream

import (
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// SetNoDelay sends small segments at once instead of gathering them (TCP_NODELAY). Listener and
// Dialer turn it on.
func (s *Socket) SetNoDelay(on bool) error {
	return s.do(func(h sys.Handle) error { return sys.SetNoDelay(h, on) })
}

// SetKeepAlive makes the kernel ask a silent peer whether it is there (SO_KEEPALIVE).
func (s *Socket) SetKeepAlive(on bool) error {
	return s.do(func(h sys.Handle) error { return sys.SetKeepAlive(h, on) })
}

// SetKeepAlivePeriod sets how long a connection is silent before the first probe, rounded up to
// whole seconds, as a net.TCPConn does: zero is 15 seconds, and a negative time changes nothing.
// The time between probes is set by SetKeepAliveConfig. OpenBSD has one period for the whole
// system, and returns an error that is errors.ErrUnsupported.
func (s *Socket) SetKeepAlivePeriod(d time.Duration) error {
	return s.do(func(h sys.Handle) error { return setKeepAliveIdle(h, d) })
}

// SetLinger sets what Close does with unsent bytes: seconds < 0, the default, sends them in the
// background; 0 discards them and resets the connection. More is the same as the default: a time to
// linger would make Close block the thread.
func (s *Socket) SetLinger(seconds int) error {
	if seconds > 0 {
		seconds = -1
	}
	return s.do(func(h sys.Handle) error { return sys.SetLinger(h, seconds) })
}

// SetReadBuffer asks the kernel to hold about n received bytes (SO_RCVBUF).
func (s *Socket) SetReadBuffer(n int) error {
	return s.do(func(h sys.Handle) error { return sys.SetReadBuffer(h, n) })
}

// SetWriteBuffer asks the kernel to hold about n unsent bytes (SO_SNDBUF).
func (s *Socket) SetWriteBuffer(n int) error {
	return s.do(func(h sys.Handle) error { return sys.SetWriteBuffer(h, n) })
}
