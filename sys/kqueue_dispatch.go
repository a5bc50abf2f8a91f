//go:build darwin || dragonfly || freebsd || openbsd

package sys

import "golang.org/x/sys/unix"

// The flags of a Kevent that package unix lacks on NetBSD.
const (
	EvDispatch = unix.EV_DISPATCH // disarmed by its delivery
	evReceipt  = unix.EV_RECEIPT
)
