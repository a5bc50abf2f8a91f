package sys

import "golang.org/x/sys/windows"

// Flags of a received [Message].
const (
	// MsgTrunc means that the datagram was longer than Buffer (WSAMSG, MSG_TRUNC).
	MsgTrunc = windows.MSG_TRUNC
	// MsgCTrunc means that Control had too little room, and the rest of the control messages is
	// lost (WSAMSG, MSG_CTRUNC).
	MsgCTrunc = windows.MSG_CTRUNC
)
