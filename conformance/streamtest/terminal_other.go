//go:build !linux

package streamtest

import (
	"errors"

	"github.com/edgewise-go/edgewise/sys"
)

// terminal returns an error: other systems open terminals in different ways.
func terminal() (master, slave sys.Handle, err error) {
	return sys.Invalid, sys.Invalid, errors.ErrUnsupported
}
