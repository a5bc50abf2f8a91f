// Package interrupt moves transfers over the loopback interface, with streams of this workspace at
// both ends, while something gets in their way; and it checks that each is whole, or has failed
// with one error that is right, and that nothing is left behind.
//
// A transfer is a connection: the client sends random bytes and ends its stream, the server sends
// back what arrives, and the client compares the hashes of both. The client writes and reads at the
// same time.
package interrupt
