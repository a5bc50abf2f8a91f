//go:build unix

package streamtest

import (
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

// rights returns a control message that passes h (unix(7), SCM_RIGHTS).
func rights(h sys.Handle) []byte { return syscall.UnixRights(int(h)) }

// receivedRights returns the descriptors in the control messages of a datagram.
func receivedRights(oob []byte) ([]sys.Handle, error) {
	all, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	var received []sys.Handle
	for i := range all {
		handles, err := syscall.ParseUnixRights(&all[i])
		if err != nil {
			return received, err
		}
		for _, h := range handles {
			received = append(received, sys.Handle(h))
		}
	}
	return received, nil
}
