// Package interrupt moves transfers over the loopback interface under interference, with streams of
// this workspace at both ends. It checks that each transfer is complete or has failed with one
// permitted error, and that nothing is left over.
//
// A transfer is a connection. The client sends random bytes and ends its stream, the server sends
// back what arrives, and the client compares the hashes of both. The client writes and reads at the
// same time.
package interrupt
