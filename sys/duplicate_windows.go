package sys

import "errors"

// Duplicate returns an error that is [errors.ErrUnsupported]: a duplicate of a socket is not
// associated with the completion port of its original. This is not implemented yet.
func Duplicate(h Handle) (Handle, error) { return Invalid, errors.ErrUnsupported }

// SetBlocking returns [errors.ErrUnsupported]: a socket on Windows cannot be the standard input of
// a child process.
func SetBlocking(Handle) error { return errors.ErrUnsupported }
