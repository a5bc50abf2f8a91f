//go:build unix && !linux

package sys

import "net/netip"

// DontWait reports whether Recv, Send and their relatives for segments and datagrams return at once
// even on a blocking socket.
const DontWait = false

// KeepNonblock makes h non-blocking again if another owner has cleared the flag (fcntl(2), F_GETFL
// and F_SETFL).
func KeepNonblock(h Handle) error {
	on, err := IsNonblock(h)
	if err != nil || on {
		return err
	}
	return SetNonblock(h)
}

// On this system Go's scheduler sees every call.

func readKnown(h Handle, p []byte) (int, error)            { return Read(h, p) }
func writeKnown(h Handle, p []byte) (int, error)           { return Write(h, p) }
func readvKnown(h Handle, segments [][]byte) (int, error)  { return Readv(h, segments) }
func writevKnown(h Handle, segments [][]byte) (int, error) { return Writev(h, segments) }
func acceptKnown(h Handle) (Handle, netip.AddrPort, error) { return Accept(h) }
