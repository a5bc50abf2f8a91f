//go:build !linux

package streamtest

import (
	"errors"

	"github.com/edgewise-go/edgewise/sys"
)

func closesOnExec(sys.Handle) (bool, error) { return false, errors.ErrUnsupported }
