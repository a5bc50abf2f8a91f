//go:build !linux

package sys

import "errors"

// SendFile returns [errors.ErrUnsupported]: other systems have differing calls, which this package
// does not bind yet.
func SendFile(h, file Handle, n int64) (int64, error) { return 0, errors.ErrUnsupported }

// GrowPipe returns [errors.ErrUnsupported].
func GrowPipe(h Handle, n int) (int, error) { return 0, errors.ErrUnsupported }

// Splice returns [errors.ErrUnsupported]: only Linux has it.
func Splice(from, to Handle, n int64) (int64, error) { return 0, errors.ErrUnsupported }
