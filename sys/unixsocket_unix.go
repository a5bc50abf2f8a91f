//go:build unix

package sys

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// BindUnix gives the unix-domain socket h a name (bind(2), unix(7)): a path, which is made as a file, or on Linux "@" and an abstract name, which is
// not. An empty name, one with a NUL, and one that does not fit are refused before the kernel sees them: it would cut them short.
func BindUnix(h Handle, name string) error {
	sa, err := unixSockaddrOf(name)
	if err != nil {
		return err
	}
	return unix.Bind(int(h), sa)
}

// ConnectUnix starts a connection to the unix-domain socket of that name, with the outcomes of [Connect]. Linux adds one: EAGAIN says that the queue of
// the listener is full. Nothing is in progress then, and no event will tell of room in the queue.
func ConnectUnix(h Handle, name string) error {
	sa, err := unixSockaddrOf(name)
	if err != nil {
		return err
	}
	if err := unix.Connect(int(h), sa); err != unix.EINTR {
		return err
	}
	return unix.EINPROGRESS
}

// LocalUnixName returns the name of the unix-domain socket h, in the form that BindUnix takes. Without a name it is what package net says:
// "@" on Linux, and elsewhere "".
func LocalUnixName(h Handle) (string, error) {
	sa, err := unix.Getsockname(int(h))
	if err != nil {
		return "", err
	}
	return unixNameOf(sa)
}

// PeerUnixName is LocalUnixName of the peer of h.
func PeerUnixName(h Handle) (string, error) {
	sa, err := unix.Getpeername(int(h))
	if err != nil {
		return "", err
	}
	return unixNameOf(sa)
}

func unixNameOf(sa unix.Sockaddr) (string, error) {
	if sa, ok := sa.(*unix.SockaddrUnix); ok {
		return sa.Name, nil
	}
	return "", unix.EAFNOSUPPORT
}

func unixSockaddrOf(name string) (unix.Sockaddr, error) {
	if err := checkUnixName(name); err != nil {
		return nil, err
	}
	return &unix.SockaddrUnix{Name: name}, nil
}

// checkUnixName refuses what the kernel would take for another name.
func checkUnixName(name string) error {
	// A path ends with a NUL, which needs a byte.
	most := len(unix.RawSockaddrUnix{}.Path) - 1
	if strings.HasPrefix(name, "@") {
		if err := abstractName(); err != nil {
			return err
		}
	}
	switch {
	case name == "":
		return fmt.Errorf("unix-domain socket without a name: %w", unix.EINVAL)
	case strings.IndexByte(name, 0) >= 0:
		return fmt.Errorf("NUL in the name of a unix-domain socket: %w", unix.EINVAL)
	case len(name) > most:
		return fmt.Errorf("name of a unix-domain socket has %d bytes, of at most %d: %w", len(name), most, unix.ENAMETOOLONG)
	}
	return nil
}
