package sys

import "golang.org/x/sys/unix"

// DropErrors removes up to most entries from the error queue of the socket h and returns how many
// it removed (recvmsg(2) with MSG_ERRQUEUE). While the queue is not empty, poll(2) reports the
// socket with POLLERR. The next operation on h also returns an errno that came from the network.
func DropErrors(h Handle, most int) int {
	for n := range most {
		// The content of the entry is dropped, so no buffer is passed.
		_, _, _, _, err := unix.Recvmsg(int(h), nil, nil, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err != nil {
			return n
		}
	}
	return most
}
