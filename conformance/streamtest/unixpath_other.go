//go:build !linux

package streamtest

// longestPath is the guaranteed length of a unix-domain path in bytes: sun_path of struct
// sockaddr_un, less one for a NUL.
const longestPath = 103
