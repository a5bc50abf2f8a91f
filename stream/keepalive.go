package stream

import (
	"errors"
	"net"
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

// keepAlive turns keep-alive on with the times of package net. OpenBSD keeps its own times.
func keepAlive(h sys.Handle) error {
	err := setKeepAlive(h, net.KeepAliveConfig{Enable: true})
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

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
