package base

import (
	"errors"
	"fmt"

	"github.com/edgewise-go/edgewise/queue"
)

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
