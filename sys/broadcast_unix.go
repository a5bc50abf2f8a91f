//go:build unix

package sys

import "golang.org/x/sys/unix"

// SetBroadcast allows a UDP socket to send to broadcast addresses (SO_BROADCAST). If it is off, the
// kernel refuses such a send with EACCES.
func SetBroadcast(h Handle, on bool) error {
	return setBool(h, unix.SOL_SOCKET, unix.SO_BROADCAST, on)
}
