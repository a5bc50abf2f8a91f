package sys

import "errors"

// Duplicate returns an error that is [errors.ErrUnsupported]. So handles cannot be duplicated for
// adoption or for a child process on Windows.
func Duplicate(h Handle) (Handle, error) { return Invalid, errors.ErrUnsupported }

// SetBlocking returns [errors.ErrUnsupported]: a socket on Windows cannot be the standard input of
// a child process.
func SetBlocking(Handle) error { return errors.ErrUnsupported }
