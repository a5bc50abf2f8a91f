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

// CheckHandle refuses what a poll takes and calls ready for ever, and what is not open, of which a
// poll would tell only later.
//
// Errors: [queue.ErrNotPollable], EBADF for what is not open.
func CheckHandle(h sys.Handle) error {
	if h > math.MaxInt32 {
		return syscall.EBADF
	}
	return sys.CheckPollable(h)
}

// CheckRegistration refuses what does not exist, and an exclusive registration unless the mechanism
// has those.
//
// Errors: [queue.ErrInvalid], one that is [errors.ErrUnsupported].
func CheckRegistration(r queue.Registration, exclusive bool) error {
	switch {
	case r.Mode > queue.OneShot, r.Interest > queue.Both:
		return queue.ErrInvalid
	case r.Exclusive && !exclusive:
		return fmt.Errorf("exclusive: %w", errors.ErrUnsupported)
	}
	return nil
}
