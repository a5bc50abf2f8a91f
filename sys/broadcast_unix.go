//go:build unix

package sys

import "golang.org/x/sys/unix"

// SetBroadcast lets a UDP socket send to broadcast addresses (SO_BROADCAST); otherwise the kernel
// refuses with EACCES.
func SetBroadcast(h Handle, on bool) error {
	return setBool(h, unix.SOL_SOCKET, unix.SO_BROADCAST, on)
}
