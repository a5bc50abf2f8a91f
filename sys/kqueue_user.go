//go:build darwin || dragonfly || freebsd

package sys

import "golang.org/x/sys/unix"

// The filter for events that the program triggers, and the flag that triggers one.
const (
	EvfiltUser  = unix.EVFILT_USER
	NoteTrigger = unix.NOTE_TRIGGER
)
