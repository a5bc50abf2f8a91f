//go:build unix

package queuetest

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/sys"
)

func systemProbes() []probe {
	probes := []probe{
		{Signals, func() error { return nil }}, // POSIX
		{Duplicate, tryDuplicate},
		{DescriptorZero, func() error { return nil }}, // dup2(2)
		{Device, func() error {
			_, err := os.Stat(os.DevNull)
			return err
		}},
		{Descriptors, tryDescriptors},
		{EpollRules, epollRules},
		{UrgentData, func() error { return nil }}, // POSIX has it, but reads follow the rules of tcp(7)
	}
	for _, k := range kinds() {
		try := k.try
		if k.feature == RefusedDatagram {
			try = tryRefused
		}
		probes = append(probes, probe{k.feature, try})
	}
	return probes
}

// duplicate returns a second handle for the open file of h.
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

// inherited reports whether a program that this process executes gets h.
func inherited(h sys.Handle) (bool, error) {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(h), syscall.F_GETFD, 0)
	if errno != 0 {
		return false, errno
	}
	return flags&syscall.FD_CLOEXEC == 0, nil
}

// notOpen reports whether err means that a handle is not open.
func notOpen(err error) bool { return errors.Is(err, syscall.EBADF) }

// putOnZero makes descriptor 0 a duplicate of h until restore is called.
func putOnZero(h sys.Handle) (restore func() error, err error) {
	descriptorTable.Lock()
	saved, err := syscall.Dup(0)
	if err == nil {
		syscall.CloseOnExec(saved)
	}
	if err := duplicateTo(int(h), 0); err != nil {
		descriptorTable.Unlock()
		return nil, err
	}
	return func() error {
		defer descriptorTable.Unlock()
		if err != nil { // descriptor 0 was not open
			return syscall.Close(0)
		}
		return errors.Join(duplicateTo(saved, 0), syscall.Close(saved))
	}, nil
}

// descriptors returns how many descriptors this process has open.
func descriptors() (int, error) {
	names, err := descriptorNames()
	return len(names), err
}

func descriptorNames() ([]string, error) {
	dir, err := os.Open("/dev/fd")
	if err != nil {
		return nil, err
	}
	names, err := dir.Readdirnames(-1)
	return names, errors.Join(err, dir.Close())
}

// tryDescriptors detects whether the system lists all descriptors: some systems list only the first
// three.
func tryDescriptors() error {
	r, w, err := sys.Pipe()
	if err != nil {
		return err
	}
	defer func() { _, _ = sys.Close(r), sys.Close(w) }()
	names, err := descriptorNames()
	if err == nil && !slices.Contains(names, max(r, w).String()) {
		err = errors.ErrUnsupported
	}
	return err
}

// refusedWait bounds the wait for the answer to a datagram.
const refusedWait = 500 * time.Millisecond

// refusedKind is a datagram socket connected to a port without a socket. After it has sent, it has
// an error and no data.
func refusedKind() (h sys.Handle, ready func() error, release func(), err error) {
	nobody, err := datagram()
	if err != nil {
		return sys.Invalid, nil, nil, err
	}
	defer func() { _ = syscall.Close(nobody) }()
	fd, err := datagram()
	if err != nil {
		return sys.Invalid, nil, nil, err
	}
	release = func() { _ = syscall.Close(fd) }
	addr, err := syscall.Getsockname(nobody)
	if err == nil {
		err = syscall.Connect(fd, addr)
	}
	if err != nil {
		release()
		return sys.Invalid, nil, nil, err
	}
	return sys.Handle(fd), func() error {
		_, err := syscall.Write(fd, []byte{1})
		return err
	}, release, nil
}

// tryRefused detects whether the system reports the refusal to the sender.
func tryRefused() error {
	h, ready, release, err := refusedKind()
	if err != nil {
		return err
	}
	defer release()
	if err := ready(); err != nil {
		return err
	}
	var p [1]byte
	for deadline := time.Now().Add(refusedWait); time.Now().Before(deadline); nap() {
		if _, err := syscall.Read(int(h), p[:]); err == syscall.ECONNREFUSED {
			return nil
		}
	}
	return errors.ErrUnsupported
}

// datagram opens a socket on a loopback port.
func datagram() (int, error) {
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, err
	}
	err = syscall.SetNonblock(fd, true)
	if err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: loopback.Addr().As4()})
	}
	if err != nil {
		return -1, errors.Join(err, syscall.Close(fd))
	}
	return fd, nil
}
