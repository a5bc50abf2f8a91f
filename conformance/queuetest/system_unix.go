//go:build unix

package queuetest

import (
	"errors"
	"syscall"

	"github.com/edgewise-go/edgewise/sys"
)

func systemProbes() []probe {
	return []probe{
		{Signals, func() error { return nil }}, // POSIX
		{Duplicate, tryDuplicate},
	}
}

// duplicate returns a second handle of the open file of h.
func duplicate(h sys.Handle) (sys.Handle, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := syscall.Dup(int(h))
	if err != nil {
		return sys.Invalid, err
	}
	syscall.CloseOnExec(fd)
	return sys.Handle(fd), nil
}

func tryDuplicate() error {
	r, w, err := sys.Pipe()
	if err != nil {
		return err
	}
	d, err := duplicate(r)
	if err == nil {
		_ = sys.Close(d)
	}
	_, _ = sys.Close(r), sys.Close(w)
	return err
}

// notOpen reports whether err says that a handle is not open.
func notOpen(err error) bool { return errors.Is(err, syscall.EBADF) }
