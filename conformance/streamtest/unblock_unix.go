//go:build unix

package streamtest

import (
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// unblock takes the non-blocking flag off h: what a handle looks like that was opened elsewhere.
func unblock(h sys.Handle) error { return syscall.SetNonblock(int(h), false) }
