package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// recvFlags are the flags of each call that receives datagrams.
const recvFlags = unix.MSG_DONTWAIT

// recvmsg makes received descriptors close-on-exec: macOS has no MSG_CMSG_CLOEXEC. The lock keeps
// this process from starting a child before that.
func recvmsg(h Handle, m *Message) (n, controlN, flags int, from unix.Sockaddr, err error) {
	if len(m.Control) == 0 {
		return unix.Recvmsg(int(h), m.Buffer, nil, recvFlags)
	}
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	n, controlN, flags, from, err = unix.Recvmsg(int(h), m.Buffer, m.Control, recvFlags)
	closeOnExec(m.Control[:max(controlN, 0)])
	return n, controlN, flags, from, err
}

// closeOnExec marks the descriptors in control. A message that package unix cannot parse has none.
func closeOnExec(control []byte) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return
	}
	for i := range messages {
		if messages[i].Header.Level != unix.SOL_SOCKET || messages[i].Header.Type != unix.SCM_RIGHTS {
			continue
		}
		handles, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, h := range handles {
			unix.CloseOnExec(h)
		}
	}
}
