package sys

import (
	"errors"
	"time"
)

// SetKeepAlivePeriod returns [errors.ErrUnsupported]: OpenBSD has one period for the whole system
// (sysctl net.inet.tcp.keepintvl).
func SetKeepAlivePeriod(Handle, time.Duration) error { return errors.ErrUnsupported }

// SetKeepAliveIdle returns [errors.ErrUnsupported], like SetKeepAlivePeriod.
func SetKeepAliveIdle(Handle, time.Duration) error { return errors.ErrUnsupported }

// SetKeepAliveCount returns [errors.ErrUnsupported], like SetKeepAlivePeriod.
func SetKeepAliveCount(Handle, int) error { return errors.ErrUnsupported }
