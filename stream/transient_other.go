//go:build !linux

package stream

import "syscall"

// errNoNet replaces an errno that only Linux has.
const errNoNet = syscall.ENETDOWN
