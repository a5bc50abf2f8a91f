//go:build !unix

package streamtest

import (
	"errors"
	"syscall"
)

// interruption stands for one that the system does not have.
const interruption = syscall.SIGTERM

func interrupt() error { return errors.ErrUnsupported }
