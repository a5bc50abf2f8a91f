package sys

import "net/netip"

// MaxMessages is the most datagrams that one call of RecvMessages or SendMessages moves. The
// kernel's own bound is 1,024 on Linux; the headers of that many would not fit the small stacks on
// which these functions run.
const MaxMessages = 16

// Message is one datagram with the address of its sender or receiver, and its control messages.
type Message struct {
	// Buffer holds the bytes to send, or is the room for the bytes to receive. A datagram may be
	// empty, and so may Buffer.
	Buffer []byte

	// N is the number of bytes received into Buffer. Zero means an empty datagram, not an end.
	// Sending neither reads nor sets it.
	N int

	// Addr is the IP address of the sender, or of the receiver. A sender's address is IPv4 if it
	// was mapped into IPv6. A Message with neither Addr nor Name is sent to the peer to which the
	// socket is connected.
	Addr netip.AddrPort

	// Name is the counterpart of Addr for a Unix-domain socket, in the form that BindUnix takes. It
	// is empty for a sender without a name.
	Name string

	// Truncated reports that the datagram was longer than Buffer. The bytes that did not fit are
	// lost.
	Truncated bool

	// Control holds the control messages to send, or is the room for those to receive (cmsg(3)). It
	// may be empty. Descriptors that it receives (unix(7), SCM_RIGHTS) are close-on-exec; the
	// caller owns and closes them.
	//
	// On macOS and the BSDs, a message with Control and an empty Buffer is sent with one zero byte.
	Control []byte

	// ControlN is the number of bytes received into Control. Sending neither reads nor sets it.
	ControlN int

	// Flags are those that the kernel set on a received datagram, such as MsgTrunc and MsgCTrunc.
	// Flags of the call itself, which some systems copy, are left out. Sending neither reads nor
	// sets it.
	Flags int
}
