//go:build !linux

package streamtest

// longestPath is how many bytes a unix-domain path may have at least: sun_path of struct
// sockaddr_un, of which a NUL takes one.
const longestPath = 103
