package sys

import "net/netip"

// The functions below are for a handle whose open file others share: another process that inherited
// or received it, or another part of this one. Any of them may clear O_NONBLOCK, which belongs to
// the open file, at any time. Each function restores the flag before it calls the kernel, at the
// cost of one more system call, and notifies Go's scheduler of the call.
//
// The flag can still be cleared between the two calls. The call then blocks its thread until the
// peer acts, but blocks neither other goroutines nor the garbage collector.

// ReadShared is [Read] from a shared handle.
func ReadShared(h Handle, p []byte) (int, error) {
	if err := KeepNonblock(h); err != nil {
		return 0, err
	}
	return readKnown(h, p)
}

// WriteShared is [Write] to a shared handle.
func WriteShared(h Handle, p []byte) (int, error) {
	if err := KeepNonblock(h); err != nil {
		return 0, err
	}
	return writeKnown(h, p)
}

// ReadvShared is [Readv] from a shared handle.
func ReadvShared(h Handle, segments [][]byte) (int, error) {
	if err := KeepNonblock(h); err != nil {
		return 0, err
	}
	return readvKnown(h, segments)
}

// WritevShared is [Writev] to a shared handle.
func WritevShared(h Handle, segments [][]byte) (int, error) {
	if err := KeepNonblock(h); err != nil {
		return 0, err
	}
	return writevKnown(h, segments)
}

// AcceptShared is [Accept] from a shared listening socket: accept4(2) has no flag that keeps the
// call itself from blocking.
func AcceptShared(h Handle) (Handle, netip.AddrPort, error) {
	if err := KeepNonblock(h); err != nil {
		return Invalid, netip.AddrPort{}, err
	}
	return acceptKnown(h)
}
