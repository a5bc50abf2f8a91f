package sys

import "net/netip"

// The functions below are for a handle whose open file others have as well: another process that it
// was inherited from or given to, or another part of this one. Any of them may clear O_NONBLOCK,
// which belongs to the open file, at any time. Each function restores the flag before it calls the
// kernel, which costs one system call more, and lets Go's scheduler know of the call.
//
// What remains is a flag that is cleared between the two calls: the call then blocks its thread
// until the peer acts, but neither the other goroutines nor the garbage collector.

// ReadShared is [Read] of a handle that is shared.
func ReadShared(h Handle, p []byte) (int, error) {
	if err := KeepNonblock(h); err != nil {
		return 0, err
	}
	return readKnown(h, p)
}

// WriteShared is [Write] to a handle that is shared.
func WriteShared(h Handle, p []byte) (int, error) {
	if err := KeepNonblock(h); err != nil {
		return 0, err
	}
	return writeKnown(h, p)
}

// ReadvShared is [Readv] of a handle that is shared.
func ReadvShared(h Handle, segments [][]byte) (int, error) {
	if err := KeepNonblock(h); err != nil {
		return 0, err
	}
	return readvKnown(h, segments)
}

// WritevShared is [Writev] to a handle that is shared.
func WritevShared(h Handle, segments [][]byte) (int, error) {
	if err := KeepNonblock(h); err != nil {
		return 0, err
	}
	return writevKnown(h, segments)
}

// AcceptShared is [Accept] from a listening socket that is shared: accept4(2) has no flag of its
// own that keeps it from blocking.
func AcceptShared(h Handle) (Handle, netip.AddrPort, error) {
	if err := KeepNonblock(h); err != nil {
		return Invalid, netip.AddrPort{}, err
	}
	return acceptKnown(h)
}
