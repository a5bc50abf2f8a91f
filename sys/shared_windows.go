package sys

import "net/netip"

// DontWait says that Recv, Send and their relatives for segments and datagrams do not block even if
// the socket is not non-blocking.
const DontWait = false

// KeepNonblock makes the socket h non-blocking (FIONBIO): Windows does not tell whether it is.
func KeepNonblock(h Handle) error { return SetNonblock(h) }

// Go's scheduler knows of every call here.

func readKnown(h Handle, p []byte) (int, error)            { return Read(h, p) }
func writeKnown(h Handle, p []byte) (int, error)           { return Write(h, p) }
func readvKnown(h Handle, segments [][]byte) (int, error)  { return Readv(h, segments) }
func writevKnown(h Handle, segments [][]byte) (int, error) { return Writev(h, segments) }
func acceptKnown(h Handle) (Handle, netip.AddrPort, error) { return Accept(h) }
