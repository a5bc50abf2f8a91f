package sys

import "golang.org/x/sys/unix"

// writeError replaces EPROTOTYPE with EPIPE. macOS returns EPROTOTYPE for a write to a connection
// that is being torn down, and EPIPE for later writes. libuv's uv__try_write also handles
// EPROTOTYPE.
func writeError(err error) error {
	if err == unix.EPROTOTYPE {
		return unix.EPIPE
	}
	return err
}
