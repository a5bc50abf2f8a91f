package sys_test

import (
	"errors"
	"fmt"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows"

	"github.com/edgewise-go/edgewise/sys"
)

func TestNoChildInheritsAHandle(t *testing.T) {
	information := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetHandleInformation")
	a, b := pair(t) // b comes from Accept
	for _, h := range []sys.Handle{a, b, socket(t)} {
		var flags uint32
		if ok, _, err := information.Call(uintptr(h), uintptr(unsafe.Pointer(&flags))); ok == 0 || flags&windows.HANDLE_FLAG_INHERIT != 0 {
			t.Errorf("handle %v: flags %#x, %v", h, flags, err)
		}
	}
}

func TestConnectIsInProgressNotBlocked(t *testing.T) {
	l, c := socket(t), socket(t)
	require.NoError(t, errors.Join(sys.Bind(l, loopback), sys.Listen(l, 1)))
	to, err := sys.LocalAddr(l)
	require.NoError(t, err)
	if err := sys.Connect(c, to); err != nil && sys.ClassOf(err) != sys.ClassInProgress {
		t.Errorf("connect: got %v, class %v; want nil or in progress", err, sys.ClassOf(err))
	}
}

func TestReuseAddrTakesNoAddressOfAListener(t *testing.T) {
	l, thief := socket(t), socket(t)
	require.NoError(t, errors.Join(sys.SetReuseAddr(l, true), sys.Bind(l, loopback), sys.Listen(l, 1)))
	addr, err := sys.LocalAddr(l)
	require.NoError(t, err)
	require.NoError(t, sys.SetReuseAddr(thief, true))
	if err := sys.Bind(thief, addr); !errors.Is(err, windows.WSAEADDRINUSE) && !errors.Is(err, windows.WSAEACCES) {
		t.Errorf("bind to the address of a listener: got %v, want WSAEADDRINUSE or WSAEACCES", err)
	}
}

func TestPollPassesOverNegativesAndTakesMany(t *testing.T) {
	a, b := pair(t)
	if _, err := sys.Send(a, []byte("x")); err != nil {
		t.Fatal(err)
	}
	readable(t, b)
	fds := make([]sys.PollFD, 200) // more than fit on the stack
	for i := range fds {
		fds[i] = sys.PollFD{Fd: -1, Events: sys.PollIn, Revents: sys.PollErr}
	}
	fds[150] = sys.PollFD{Fd: int32(b), Events: sys.PollIn}
	if n, err := sys.Poll(fds, patience); n != 1 || err != nil {
		t.Errorf("got %d, %v; want 1, nil", n, err)
	}
	for i, e := range fds {
		if (e.Revents != 0) != (i == 150) {
			t.Errorf("entry %d: got Revents %#x", i, e.Revents)
		}
	}
	if n, err := sys.Poll(nil, time.Microsecond); n != 0 || err != nil {
		t.Errorf("poll of no entries: %d, %v, want 0, nil", n, err)
	}
}

func TestClassesOfWinsock(t *testing.T) {
	for err, want := range map[error]sys.Class{
		nil: sys.ClassNone, sys.ErrWouldBlock: sys.ClassWouldBlock, windows.WSAEWOULDBLOCK: sys.ClassWouldBlock,
		windows.WSAEINPROGRESS: sys.ClassInProgress, windows.WSAECONNRESET: sys.ClassDisconnected, windows.WSAECONNABORTED: sys.ClassDisconnected,
		windows.ERROR_NETNAME_DELETED: sys.ClassDisconnected, windows.WSAECONNREFUSED: sys.ClassRefused, windows.WSAEHOSTUNREACH: sys.ClassUnreachable,
		windows.WSAEMFILE: sys.ClassOutOfDescriptors, windows.WSAENOBUFS: sys.ClassOutOfMemory, windows.ERROR_NO_SYSTEM_RESOURCES: sys.ClassOutOfMemory,
		windows.WSAEAFNOSUPPORT: sys.ClassUnsupported, errors.ErrUnsupported: sys.ClassUnsupported, windows.WSAENOTSOCK: sys.ClassOther,
	} {
		if got := sys.ClassOf(err); got != want {
			t.Errorf("ClassOf(%v): got %v, want %v", err, got, want)
		}
		if err == nil {
			continue
		}
		if got := sys.ClassOf(fmt.Errorf("wrapped: %w", err)); got != want {
			t.Errorf("ClassOf(wrapped %v): got %v, want %v", err, got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	h := socket(t)
	if err := errors.Join(sys.SetNoDelay(h, true), sys.SetKeepAlive(h, true), sys.SetKeepAlivePeriod(h, 15*time.Second), sys.SetLinger(h, 0),
		sys.SetReadBuffer(h, 1<<16), sys.SetWriteBuffer(h, 1<<16)); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{"SetReusePort": sys.SetReusePort(h, true), "Pipe": second(sys.Pipe()), "IsNonblock": first(sys.IsNonblock(h))} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: got %v, want ErrUnsupported", name, err)
		}
	}
}

func first(_ bool, err error) error           { return err }
func second(_, _ sys.Handle, err error) error { return err }
