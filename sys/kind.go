package sys

// Kind sorts handles by which calls move their bytes, and whether they can be waited for.
type Kind uint8

// The kinds.
const (
	KindStreamSocket Kind = iota // Recv and Send
	KindOtherSocket              // messages, not a stream of bytes
	KindFile                     // Read and Write: a pipe, a FIFO, a terminal or another device, an object of the kernel
	KindAlwaysReady              // a regular file, a folder or a block device: it blocks without being waited for
)
