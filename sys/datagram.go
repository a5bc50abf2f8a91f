package sys

import "net/netip"

// MaxMessages is how many datagrams RecvMessages and SendMessages move in one call. The kernel's
// own bound is 1,024 on Linux; the headers of so many would not fit the small stacks on which these
// functions run.
const MaxMessages = 16

// Message is one datagram, and the address that it came from or goes to.
type Message struct {
	// Buffer is what is sent, or the room for what is received. A datagram may be empty, and so may
	// Buffer.
	Buffer []byte

	// N is how many bytes of Buffer were received. Zero is a datagram without bytes, not an end.
	// Sending neither reads nor sets it.
	N int

	// Addr is the address of an IP socket: the sender's, IPv4 where it is mapped into IPv6; or the
	// receiver's. To send with neither Addr nor Name is to send to the peer that the socket is
	// connected to.
	Addr netip.AddrPort

	// Name is the same for a unix-domain socket, in the form that BindUnix takes. Senders without a
	// name have the empty one.
	Name string

	// Truncated says that the datagram was longer than Buffer: what did not fit is lost.
	Truncated bool
}
