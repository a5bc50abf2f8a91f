//go:build unix

package streamtest

import (
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// unblock clears the non-blocking flag of h, as on a handle that was opened elsewhere.
func unblock(h sys.Handle) error { return syscall.SetNonblock(int(h), false) }
