package iouring

import (
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// address returns the address of a socket.
func address(t testing.TB, h sys.Handle) syscall.Sockaddr {
	t.Helper()
	sa, err := syscall.Getsockname(int(h))
	must(t, err)
	return sa
}

// listenOn listens on a port of the loopback address.
func listenOn(t testing.TB, sa syscall.Sockaddr) (sys.Handle, error) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	must(t, err)
	if err := syscall.Bind(fd, sa); err != nil {
		must(t, syscall.Close(fd))
		return 0, err
	}
	return sys.Handle(fd), syscall.Listen(fd, 64)
}

// The kernel closes the files of a killed process before it ends the polls of its rings. So a poll
// of a listener must not hold it.
func TestAPollDoesNotHoldAListener(t *testing.T) {
	eachRing(t, 8, 16, func(t *testing.T, q *instance) {
		for _, mode := range []queue.Mode{queue.Level, queue.Edge, queue.OneShot} {
			// No program connects from this address, so none takes the port meanwhile.
			h, err := listenOn(t, &syscall.SockaddrInet4{Addr: [4]byte{127, 7, 7, 1}})
			must(t, err)
			sa := address(t, h)
			r := queue.Registration{Token: 1, Interest: queue.Readable, Mode: mode}
			must(t, q.Add(h, r))
			// The Wait for the next event starts the poll of the listener.
			other, peer := pair(t)
			must(t, q.Add(other, queue.Registration{Token: 2, Interest: queue.Readable, Mode: queue.OneShot}))
			send(t, peer)
			expect(t, q, 2)
			must(t, sys.Close(h)) // without Delete, as the end of a process does
			next, err := listenOn(t, sa)
			if err != nil {
				t.Fatalf("%v: listen on the address of a closed listener: %v", mode, err)
			}
			// The new listener gets the number of the old one, and Modify finds it.
			if next != h {
				must(t, syscall.Dup3(int(next), int(h), syscall.O_CLOEXEC))
				must(t, sys.Close(next))
			}
			must(t, q.Modify(h, r))
			c, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
			must(t, err)
			must(t, syscall.Connect(c, sa))
			expect(t, q, 1)
			must(t, q.Delete(h))
			must(t, sys.Close(h))
			must(t, syscall.Close(c))
			if len(q.listeners) > 0 {
				t.Errorf("%v: %d epoll instances after Delete, want 0", mode, len(q.listeners))
			}
		}
	})
}

// A process without a free descriptor, or in a sandbox without epoll, polls the listener itself.
func TestAListenerWithoutAnEpollInstanceIsPolled(t *testing.T) {
	q := opened(t, Options{}, 8, 16)
	if q == nil {
		return
	}
	l, connect := listener(t)
	var thread sync.WaitGroup
	thread.Go(func() {
		runtime.LockOSThread() // never unlocked: the sandbox ends with the thread
		if refused := sandbox(syscall.SYS_EPOLL_CREATE1, syscall.EMFILE); refused != nil {
			t.Logf("cannot install a sandbox: %v", refused)
		}
		if err := q.Add(l, queue.Registration{Token: 1, Interest: queue.Readable, Mode: queue.Edge}); err != nil {
			t.Errorf("Add without a descriptor: %v", err)
		}
	})
	thread.Wait()
	connect()
	expect(t, q, 1)
	must(t, q.Delete(l))
}
