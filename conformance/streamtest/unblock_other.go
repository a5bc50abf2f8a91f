//go:build !unix

package streamtest

import (
	"errors"

	"github.com/edgewise-go/edgewise/sys"
)

// unblock takes the non-blocking flag off h: what a handle looks like that was opened elsewhere.
func unblock(sys.Handle) error { return errors.ErrUnsupported }
