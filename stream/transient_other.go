//go:build !linux

package stream

import "syscall"

// errNoNet stands for an errno that only Linux has.
const errNoNet = syscall.ENETDOWN
