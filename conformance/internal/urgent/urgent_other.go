//go:build !unix

package urgent

import (
	"errors"

	"github.com/edgewise-go/edgewise/sys"
)

func send(sys.Handle, []byte, bool) error { return errors.ErrUnsupported }

// KeepInline is not supported.
func KeepInline(sys.Handle) error { return errors.ErrUnsupported }

// Unacknowledged returns 0.
func Unacknowledged(sys.Handle) int { return 0 }
