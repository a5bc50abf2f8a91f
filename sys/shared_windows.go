package sys

import "net/netip"

// DontWait reports whether Recv, Send and their relatives for segments and datagrams return at once
// even on a blocking socket.
const DontWait = false

// KeepNonblock makes the socket h non-blocking (FIONBIO): Windows does not report whether it is.
func KeepNonblock(h Handle) error { return SetNonblock(h) }

// On this system Go's scheduler sees every call.

func readKnown(h Handle, p []byte) (int, error)            { return Read(h, p) }
func writeKnown(h Handle, p []byte) (int, error)           { return Write(h, p) }
func readvKnown(h Handle, segments [][]byte) (int, error)  { return Readv(h, segments) }
func writevKnown(h Handle, segments [][]byte) (int, error) { return Writev(h, segments) }
func acceptKnown(h Handle) (Handle, netip.AddrPort, error) { return Accept(h) }
