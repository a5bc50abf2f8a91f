package stream

import (
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// Defaults of package net for zero fields of a net.KeepAliveConfig.
const (
	keepAliveIdleDefault     = 15 * time.Second
	keepAliveIntervalDefault = 15 * time.Second
	keepAliveCountDefault    = 9
)

// SetKeepAliveConfig sets how the kernel probes a silent peer. As for net.TCPConn, zero fields mean
// 15 seconds, 15 seconds and 9 probes. A negative field leaves the setting unchanged. OpenBSD has
// no such options and returns an error that is errors.ErrUnsupported if config sets one.
func (s *Socket) SetKeepAliveConfig(config net.KeepAliveConfig) error {
	return s.do(func(h sys.Handle) error { return setKeepAlive(h, config) })
}

func setKeepAlive(h sys.Handle, config net.KeepAliveConfig) error {
	if err := sys.SetKeepAlive(h, config.Enable); err != nil {
		return err
	}
	if config.Interval == 0 {
		config.Interval = keepAliveIntervalDefault
	}
	if config.Count == 0 {
		config.Count = keepAliveCountDefault
	}
	if err := setKeepAliveIdle(h, config.Idle); err != nil {
		return err
	}
	if config.Interval > 0 {
		if err := sys.SetKeepAlivePeriod(h, config.Interval); err != nil {
			return err
		}
	}
	if config.Count > 0 {
		return sys.SetKeepAliveCount(h, config.Count)
	}
	return nil
}

// keepAlive applies the keep-alive fields of a Dialer or of ListenOptions. As in package net, a
// system or a protocol that lacks an option keeps its own value. OpenBSD is such a system, and
// Multipath TCP such a protocol.
func keepAlive(h sys.Handle, idle time.Duration, config net.KeepAliveConfig) error {
	if !config.Enable {
		if idle < 0 {
			return nil
		}
		config = net.KeepAliveConfig{Enable: true, Idle: idle}
	}
	return supported(setKeepAlive(h, config))
}

// supported returns err unless it means that the system or the protocol lacks an option.
func supported(err error) error {
	if sys.ClassOf(err) == sys.ClassUnsupported || errors.Is(err, errors.ErrUnsupported) || err == syscall.ENOPROTOOPT || err == wsaNoProtocolOption {
		return nil
	}
	return err
}

// wsaNoProtocolOption is ENOPROTOOPT on Windows (WSAENOPROTOOPT). No other system uses the number.
const wsaNoProtocolOption = syscall.Errno(10042)

func setKeepAliveIdle(h sys.Handle, d time.Duration) error {
	switch {
	case d < 0:
		return nil
	case d == 0:
		d = keepAliveIdleDefault
	}
	return sys.SetKeepAliveIdle(h, d)
}

// SetKeepAliveConfig is [Socket.SetKeepAliveConfig].
func (c *Conn) SetKeepAliveConfig(config net.KeepAliveConfig) error {
	return c.set(c.sock.SetKeepAliveConfig(config))
}
