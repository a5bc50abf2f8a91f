//go:build !linux

package streamtest

import (
	"errors"

	"github.com/edgewise-go/edgewise/sys"
)

// keepAliveIdle is not supported: package syscall has the option's number on only a few systems.
func keepAliveIdle(sys.Handle) (int, error) { return 0, errors.ErrUnsupported }

// keepAliveOf is not supported, as keepAliveIdle is not.
func keepAliveOf(sys.Handle) (keepAlive, error) { return keepAlive{}, errors.ErrUnsupported }
