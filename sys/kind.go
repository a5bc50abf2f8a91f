package sys

// Kind groups handles by the calls that move their bytes, and by whether a queue can wait for them.
type Kind uint8

// The kinds.
const (
	KindStreamSocket Kind = iota // Recv and Send: a stream socket other than KindTCP
	KindOtherSocket              // neither a byte stream nor datagrams of a known family
	KindFile                     // Read and Write: a pipe, a FIFO, a terminal or another device, a kernel object
	KindAlwaysReady              // refused by CheckPollable: a file on disk, a directory, a block device, on Linux /dev/null and the like
	KindDatagram4                // RecvMessage and SendMessage, with IPv4 addresses
	KindDatagram6                // RecvMessage and SendMessage, with IPv6 addresses
	KindUnixgram                 // RecvMessage and SendMessage, with names
	KindTCP                      // Recv and Send: TCP over IPv4 or IPv6, without an upper-layer protocol
	KindUnixpacket               // Recv and Send, each of one record: a Unix-domain socket with SOCK_SEQPACKET
)
