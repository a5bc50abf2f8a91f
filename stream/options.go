package stream

import (
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// SetNoDelay makes the kernel send small segments at once instead of gathering them (TCP_NODELAY).
// Listener and Dialer turn it on.
func (s *Socket) SetNoDelay(on bool) error {
	return s.do(func(h sys.Handle) error { return sys.SetNoDelay(h, on) })
}

// SetKeepAlive makes the kernel probe a silent peer (SO_KEEPALIVE).
func (s *Socket) SetKeepAlive(on bool) error {
	return s.do(func(h sys.Handle) error { return sys.SetKeepAlive(h, on) })
}

// SetKeepAlivePeriod sets how long a connection is silent before the first probe, rounded up to
// whole seconds. As for net.TCPConn, zero means 15 seconds and a negative time changes nothing.
// SetKeepAliveConfig sets the time between probes. OpenBSD has one period for the whole system and
// returns an error that is errors.ErrUnsupported.
func (s *Socket) SetKeepAlivePeriod(d time.Duration) error {
	return s.do(func(h sys.Handle) error { return setKeepAliveIdle(h, d) })
}

// SetLinger sets what Close does with unsent bytes. If seconds < 0, the default, the kernel sends
// them in the background. If seconds is 0, the kernel discards them and resets the connection. A
// positive value is the same as the default: a linger time would make Close block the thread.
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
