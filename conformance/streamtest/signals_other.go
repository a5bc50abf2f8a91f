//go:build !unix

package streamtest

import (
	"errors"
	"syscall"
)

// interruption is a placeholder for a signal that the system lacks.
const interruption = syscall.SIGTERM

func interrupt() error { return errors.ErrUnsupported }
