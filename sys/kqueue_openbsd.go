package sys

import "golang.org/x/sys/unix"

// EvfiltExcept reports exceptional conditions; for a pipe, its end.
const EvfiltExcept = unix.EVFILT_EXCEPT

// OpenBSD has no filter for events that the program triggers. No filter has the number zero.
const (
	EvfiltUser  = 0
	NoteTrigger = 0
)
