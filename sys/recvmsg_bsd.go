//go:build dragonfly || freebsd || netbsd || openbsd

package sys

import "golang.org/x/sys/unix"

// recvFlags are the flags of each call that receives datagrams. Some systems copy them into the
// flags of the result.
const recvFlags = unix.MSG_DONTWAIT | unix.MSG_CMSG_CLOEXEC

func recvmsg(h Handle, m *Message) (n, controlN, flags int, from unix.Sockaddr, err error) {
	return unix.Recvmsg(int(h), m.Buffer, m.Control, recvFlags)
}
