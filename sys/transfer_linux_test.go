package sys_test

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/sys"
)

func TestHandlesAreBornNonBlockingAndCloseOnExec(t *testing.T) {
	a, b := pair(t)
	r, w, err := sys.Pipe()
	require.NoError(t, err)
	s, err := sys.Socket(sys.IPv4)
	require.NoError(t, err)
	e, err := sys.Eventfd()
	require.NoError(t, err)
	own(t, r, w, s, e)
	for _, h := range []sys.Handle{a, b, r, w, s, e} {
		if on, err := sys.IsNonblock(h); !on || err != nil {
			t.Errorf("handle %v: non-blocking %v, %v", h, on, err)
		}
		if flags, err := unix.FcntlInt(uintptr(h), unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 || err != nil {
			t.Errorf("handle %v: not close-on-exec, %v", h, err)
		}
	}
}

func TestRecvAndSendDoNotBlockOnAHandleThatBlocks(t *testing.T) {
	a, b := pair(t)
	for _, h := range []sys.Handle{a, b} {
		require.NoError(t, unix.SetNonblock(int(h), false))
	}
	if _, err := sys.Recv(a, make([]byte, 1)); err != sys.ErrWouldBlock {
		t.Errorf("receive: got %v, want ErrWouldBlock", err)
	}
	if _, err := sys.RecvSegments(a, [][]byte{make([]byte, 1), make([]byte, 1)}); err != sys.ErrWouldBlock {
		t.Errorf("receive into segments: got %v, want ErrWouldBlock", err)
	}
	p := make([]byte, 1<<16)
	for {
		if _, err := sys.Send(b, p); err != nil {
			if err != sys.ErrWouldBlock {
				t.Errorf("send: got %v, want ErrWouldBlock", err)
			}
			return
		}
	}
}

func TestSendToAPeerThatIsGoneIsAnErrorAndNoSignal(t *testing.T) {
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	own(t, a)
	require.NoError(t, sys.Close(b))
	for range 2 {
		if _, err := sys.Send(a, []byte("x")); !errors.Is(err, unix.EPIPE) || sys.ClassOf(err) != sys.ClassDisconnected {
			t.Errorf("got %v, want EPIPE", err)
		}
	}
}

func TestAFullEventfdIsSignalled(t *testing.T) {
	h, err := sys.Eventfd()
	require.NoError(t, err)
	own(t, h)
	var full [8]byte
	binary.NativeEndian.PutUint64(full[:], math.MaxUint64-1)
	if _, err := sys.Write(h, full[:]); err != nil {
		t.Fatal(err)
	}
	if err := sys.EventfdSignal(h); err != nil {
		t.Errorf("signal of a full counter: %v", err)
	}
	if n, err := sys.EventfdClear(h); n != math.MaxUint64-1 || err != nil {
		t.Errorf("clear of a full counter: got %d, %v", n, err)
	}
	if n, err := sys.EventfdClear(h); n != 0 || err != nil {
		t.Errorf("clear of an empty counter: got %d, %v, want 0, nil", n, err)
	}
}
