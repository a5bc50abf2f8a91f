package sys

import "golang.org/x/sys/unix"

// DropErrors takes up to most entries off the error queue of the socket h and returns how many
// there were (recvmsg(2) with MSG_ERRQUEUE). While there is one, poll(2) reports the socket with
// POLLERR. An errno that the network has answered with comes from the next operation as well.
func DropErrors(h Handle, most int) int {
	for n := range most {
		// The length of what is dropped is of no interest, so there is no room for it.
		_, _, _, _, err := unix.Recvmsg(int(h), nil, nil, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err != nil {
			return n
		}
	}
	return most
}
