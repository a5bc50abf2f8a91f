package stream

import "syscall"

// errNoNet is Linux' own: the machine is not on the network.
const errNoNet = syscall.ENONET
