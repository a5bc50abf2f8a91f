//go:build unix

package polling

import (
	"errors"
	"fmt"
	"math"
	"syscall"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// CheckHandle refuses handles that a poll always reports as ready. It also refuses handles that are
// not open, which a poll would report only later.
//
// Errors: [queue.ErrNotPollable], EBADF for a handle that is not open.
func CheckHandle(h sys.Handle) error {
	if h > math.MaxInt32 {
		return syscall.EBADF
	}
	return sys.CheckPollable(h)
}

// CheckRegistration refuses modes and interests that do not exist. It refuses an exclusive
// registration unless the mechanism supports it.
//
// Errors: [queue.ErrInvalid], or an error that is [errors.ErrUnsupported].
func CheckRegistration(r queue.Registration, exclusive bool) error {
	switch {
	case r.Mode > queue.OneShot, r.Interest > queue.Both:
		return queue.ErrInvalid
	case r.Exclusive && !exclusive:
		return fmt.Errorf("exclusive registration: %w", errors.ErrUnsupported)
	}
	return nil
}
