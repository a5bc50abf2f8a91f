//go:build !linux

package sys

import "errors"

// MultipathSocket returns an error that is [errors.ErrUnsupported]: of the systems of this package,
// only Linux has an interface for Multipath TCP that this package uses.
func MultipathSocket(Family) (Handle, error) { return Invalid, errors.ErrUnsupported }

// IsMultipath returns false.
func IsMultipath(Handle) (bool, error) { return false, nil }
