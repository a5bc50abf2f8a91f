package sys

import (
	"errors"
	"time"
)

// SetKeepAlivePeriod returns [errors.ErrUnsupported]: OpenBSD has one period for the whole system (sysctl net.inet.tcp.keepintvl).
func SetKeepAlivePeriod(Handle, time.Duration) error { return errors.ErrUnsupported }
