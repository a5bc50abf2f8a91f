package sys

// Kind sorts handles by which calls move their bytes, and whether they can be waited for.
type Kind uint8

// The kinds.
const (
	KindStreamSocket Kind = iota // Recv and Send: a stream socket of another kind than KindTCP
	KindOtherSocket              // neither a stream of bytes nor datagrams of a family known here
	KindFile                     // Read and Write: a pipe, a FIFO, a terminal or another device, an object of the kernel
	KindAlwaysReady              // what CheckPollable refuses: a file on disk, a folder, a block device, on Linux /dev/null and its like
	KindDatagram4                // RecvMessage and SendMessage, with addresses of IPv4
	KindDatagram6                // RecvMessage and SendMessage, with addresses of IPv6
	KindUnixgram                 // RecvMessage and SendMessage, with names
	KindTCP                      // Recv and Send: a stream socket of TCP over IPv4 or IPv6 whose bytes no other protocol handles
)
