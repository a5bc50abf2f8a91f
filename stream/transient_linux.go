package stream

import "syscall"

// errNoNet exists only on Linux: the machine is not on the network.
const errNoNet = syscall.ENONET
