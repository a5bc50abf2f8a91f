package sys

import "golang.org/x/sys/unix"

// writeError gives EPIPE its name: macOS answers EPROTOTYPE to a write that meets a connection in
// the middle of being torn down (libuv's uv__try_write has to deal with it, too), and EPIPE from
// then on.
func writeError(err error) error {
	if err == unix.EPROTOTYPE {
		return unix.EPIPE
	}
	return err
}
