package stream

import (
	"net"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

// What package net sets where a net.KeepAliveConfig has zero.
const (
	keepAliveIdleDefault     = 15 * time.Second
	keepAliveIntervalDefault = 15 * time.Second
	keepAliveCountDefault    = 9
)

// SetKeepAliveConfig sets how the kernel asks a silent peer whether it is there, as a net.TCPConn does: zero is 15 seconds, 15 seconds and 9 probes, and
// what is negative stays as it is. OpenBSD has no such options, and returns an error that is errors.ErrUnsupported once one is to be set.
func (s *Socket) SetKeepAliveConfig(config net.KeepAliveConfig) error {
	return s.do(func(h sys.Handle) error {
		if err := sys.SetKeepAlive(h, config.Enable); err != nil {
			return err
		}
		if config.Idle == 0 {
			config.Idle = keepAliveIdleDefault
		}
		if config.Interval == 0 {
			config.Interval = keepAliveIntervalDefault
		}
		if config.Count == 0 {
			config.Count = keepAliveCountDefault
		}
		if config.Idle > 0 {
			if err := sys.SetKeepAliveIdle(h, config.Idle); err != nil {
				return err
			}
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
	})
}

// SetKeepAliveConfig is [Socket.SetKeepAliveConfig].
func (c *Conn) SetKeepAliveConfig(config net.KeepAliveConfig) error {
	return c.set(c.sock.SetKeepAliveConfig(config))
}
