//go:build !unix

package streamtest

import (
	"errors"
	"syscall"
)

// interruption is not sent: without the feature Signals, interrupt fails.
const interruption = syscall.SIGTERM

func interrupt() error { return errors.ErrUnsupported }
