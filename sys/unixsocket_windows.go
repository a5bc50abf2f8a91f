package sys

import "errors"

// UnixSocket returns an error that is [errors.ErrUnsupported]: this package does not bind the
// Unix-domain sockets of Windows yet.
func UnixSocket() (Handle, error) { return Invalid, errors.ErrUnsupported }

// UnixpacketSocket returns an error that is [errors.ErrUnsupported]: Windows has no such sockets.
func UnixpacketSocket() (Handle, error) { return Invalid, errors.ErrUnsupported }

// BindUnix returns an error that is [errors.ErrUnsupported].
func BindUnix(h Handle, name string) error { return errors.ErrUnsupported }

// ConnectUnix returns an error that is [errors.ErrUnsupported].
func ConnectUnix(h Handle, name string) error { return errors.ErrUnsupported }

// LocalUnixName returns an error that is [errors.ErrUnsupported].
func LocalUnixName(h Handle) (string, error) { return "", errors.ErrUnsupported }

// PeerUnixName returns an error that is [errors.ErrUnsupported].
func PeerUnixName(h Handle) (string, error) { return "", errors.ErrUnsupported }
