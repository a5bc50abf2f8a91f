package sys

import "errors"

// Duplicate returns an error that is [errors.ErrUnsupported]: a duplicate of a socket is not tied
// to the completion port of its original, and that is not done yet.
func Duplicate(h Handle) (Handle, error) { return Invalid, errors.ErrUnsupported }

// SetBlocking returns [errors.ErrUnsupported]: a socket of Windows is no standard input of a child
// process.
func SetBlocking(Handle) error { return errors.ErrUnsupported }
