//go:build unix

package sys

import "golang.org/x/sys/unix"

// SetBroadcast sets whether a UDP socket may send to broadcast addresses (SO_BROADCAST). If not,
// the kernel refuses such a send with EACCES.
func SetBroadcast(h Handle, on bool) error {
	return setBool(h, unix.SOL_SOCKET, unix.SO_BROADCAST, on)
}
