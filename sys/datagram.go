package sys

import "net/netip"

// MaxMessages is the most datagrams that one call of RecvMessages or SendMessages moves. The
// kernel's own bound is 1,024 on Linux; the headers of that many would not fit the small stacks on
// which these functions run.
const MaxMessages = 16

// Message is one datagram with the address of its sender or receiver.
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
}
