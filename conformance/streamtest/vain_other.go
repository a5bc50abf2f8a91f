//go:build !linux

package streamtest

import (
	"errors"

	"github.com/edgewise-go/edgewise/sys"
)

func queueErrors(sys.Handle) error { return errors.ErrUnsupported }

func queueAnswers(sys.Handle) error { return errors.ErrUnsupported }

func openCounter() (sys.Handle, []byte, func() ([]byte, error), error) {
	return sys.Invalid, nil, nil, errors.ErrUnsupported
}
