package sys

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// blockedMax is the SO_RCVTIMEO and SO_SNDTIMEO that end a blocked call if the test does not.
const blockedMax = 20 * time.Second

// TestSharedCallsThatBlockDoNotStopTheProcess covers the window between KeepNonblock and the call,
// in which another owner clears the flag.
func TestSharedCallsThatBlockDoNotStopTheProcess(t *testing.T) {
	var p [1 << 16]byte
	transfer := func(call func(h Handle) (int, error)) func(h Handle) error {
		return func(h Handle) error {
			_, err := call(h)
			return err
		}
	}
	for name, call := range map[string]func(h Handle) error{
		"read":   transfer(func(h Handle) (int, error) { return readKnown(h, p[:1]) }),
		"readv":  transfer(func(h Handle) (int, error) { return readvKnown(h, [][]byte{p[:1], p[1:2]}) }),
		"write":  transfer(func(h Handle) (int, error) { return writeKnown(h, p[:]) }),
		"writev": transfer(func(h Handle) (int, error) { return writevKnown(h, [][]byte{p[:1], p[1:]}) }),
	} {
		t.Run(name, func(t *testing.T) {
			a, b, err := SocketPair()
			require.NoError(t, err)
			defer Close(a)
			defer Close(b)
			for err == nil && strings.HasPrefix(name, "write") {
				_, err = Send(a, p[:])
			}
			blocked(t, a, call, func() {
				if strings.HasPrefix(name, "read") {
					_, _ = Send(b, []byte("x"))
					return
				}
				var sink [1 << 16]byte
				for err := error(nil); err == nil; {
					_, err = Recv(b, sink[:])
				}
			})
		})
	}
	t.Run("accept", func(t *testing.T) {
		l, err := Socket(IPv4)
		require.NoError(t, err)
		defer Close(l)
		require.NoError(t, Bind(l, netip.MustParseAddrPort("127.0.0.1:0")))
		require.NoError(t, Listen(l, 1))
		addr, err := LocalAddr(l)
		require.NoError(t, err)
		c, err := Socket(IPv4)
		require.NoError(t, err)
		defer Close(c)
		blocked(t, l, func(h Handle) error {
			n, _, err := acceptKnown(h)
			if err == nil {
				Close(n)
			}
			return err
		}, func() { _ = Connect(c, addr) })
	})
}

// blocked makes h blocking, starts call on it, and checks that a garbage collection completes
// before unblock ends call.
func blocked(t *testing.T, h Handle, call func(h Handle) error, unblock func()) {
	t.Helper()
	require.NoError(t, unix.SetNonblock(int(h), false))
	limit := unix.NsecToTimeval(int64(blockedMax))
	for _, option := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} {
		require.NoError(t, unix.SetsockoptTimeval(int(h), unix.SOL_SOCKET, option, &limit))
	}
	thread, done := make(chan int, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		thread <- unix.Gettid()
		done <- call(h)
	}()
	sleeps(t, <-thread)
	runtime.GC()
	select {
	case err := <-done:
		t.Errorf("call ended before the garbage collection did: %v", err)
	default:
	}
	unblock()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// sleeps waits until the kernel has put the thread to sleep.
func sleeps(t *testing.T, thread int) {
	t.Helper()
	for until := time.Now().Add(blockedMax / 2); time.Now().Before(until); runtime.Gosched() {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", thread))
		require.NoError(t, err)
		_, state, _ := strings.Cut(string(stat), ") ")
		if strings.HasPrefix(state, "S") {
			return
		}
	}
	t.Fatal("call did not block")
}
