//go:build unix

package sys

import "golang.org/x/sys/unix"

// Flags of a received [Message].
const (
	// MsgTrunc means that the datagram was longer than Buffer (recvmsg(2), MSG_TRUNC).
	MsgTrunc = unix.MSG_TRUNC
	// MsgCTrunc means that Control had too little room, and the rest of the control messages is
	// lost (recvmsg(2), MSG_CTRUNC).
	MsgCTrunc = unix.MSG_CTRUNC
)
