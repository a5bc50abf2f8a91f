package sys_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/sys"
)

func own(t *testing.T, hs ...sys.Handle) {
	t.Helper()
	t.Cleanup(func() {
		for _, h := range hs {
			if err := sys.Close(h); err != nil {
				t.Errorf("close %v: %v", h, err)
			}
		}
	})
}

func pair(t *testing.T) (a, b sys.Handle) {
	t.Helper()
	a, b, err := sys.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	own(t, a, b)
	return a, b
}

func TestHandlesAreBornNonBlockingAndCloseOnExec(t *testing.T) {
	a, b := pair(t)
	r, w, err := sys.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s, err := sys.Socket(sys.IPv4)
	if err != nil {
		t.Fatal(err)
	}
	e, err := sys.Eventfd()
	if err != nil {
		t.Fatal(err)
	}
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

func TestTransfers(t *testing.T) {
	a, b := pair(t)
	p := make([]byte, 8)
	for name, receive := range map[string]func(sys.Handle, []byte) (int, error){"Recv": sys.Recv, "Read": sys.Read} {
		if n, err := receive(a, p); n != 0 || err != sys.ErrWouldBlock {
			t.Errorf("%s from an empty socket: %d, %v", name, n, err)
		}
		if n, err := receive(a, nil); n != 0 || err != nil {
			t.Errorf("%s of nothing: %d, %v", name, n, err)
		}
		if n, err := sys.Send(b, []byte("abc")); n != 3 || err != nil {
			t.Fatalf("send: %d, %v", n, err)
		}
		if n, err := receive(a, p); string(p[:n]) != "abc" || err != nil {
			t.Errorf("%s: %q, %v", name, p[:n], err)
		}
	}
	if err := sys.Shutdown(b, sys.ShutWriting); err != nil {
		t.Fatal(err)
	}
	if n, err := sys.Recv(a, p); n != 0 || err != nil {
		t.Errorf("receive at the end: %d, %v", n, err)
	}
}

func TestSegmentsPastTheMostAreLeft(t *testing.T) {
	segments := func(n int) (all [][]byte) {
		for i := range n {
			all = append(all, []byte{byte(i)}, nil) // empty ones do not count
		}
		return all
	}
	for name, send := range map[string]func(sys.Handle, [][]byte) (int, error){"SendSegments": sys.SendSegments, "Writev": sys.Writev} {
		a, b := pair(t)
		out := segments(sys.SegmentsMax + 3)
		if n, err := send(a, out); n != sys.SegmentsMax || err != nil {
			t.Errorf("%s: %d, %v, want %d", name, n, err, sys.SegmentsMax)
		}
		if n, err := send(a, out[2*sys.SegmentsMax:]); n != 3 || err != nil {
			t.Errorf("%s of the rest: %d, %v", name, n, err)
		}
		in := segments(sys.SegmentsMax + 3)
		got := 0
		for _, receive := range []func(sys.Handle, [][]byte) (int, error){sys.RecvSegments, sys.Readv} {
			n, err := receive(b, in[2*got:])
			if err != nil {
				t.Fatal(err)
			}
			got += n
		}
		if got != sys.SegmentsMax+3 || !bytes.Equal(bytes.Join(in, nil), bytes.Join(out, nil)) {
			t.Errorf("%s: received %d: %v", name, got, in)
		}
		if n, err := send(a, [][]byte{nil, {}}); n != 0 || err != nil {
			t.Errorf("%s of nothing: %d, %v", name, n, err)
		}
	}
}

func TestRecvAndSendDoNotBlockOnAHandleThatBlocks(t *testing.T) {
	a, b := pair(t)
	for _, h := range []sys.Handle{a, b} {
		if err := unix.SetNonblock(int(h), false); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sys.Recv(a, make([]byte, 1)); err != sys.ErrWouldBlock {
		t.Errorf("receive: %v", err)
	}
	if _, err := sys.RecvSegments(a, [][]byte{make([]byte, 1), make([]byte, 1)}); err != sys.ErrWouldBlock {
		t.Errorf("receive into segments: %v", err)
	}
	p := make([]byte, 1<<16)
	for {
		if _, err := sys.Send(b, p); err != nil {
			if err != sys.ErrWouldBlock {
				t.Errorf("send: %v", err)
			}
			return
		}
	}
}

func TestSendToAPeerThatIsGoneIsAnErrorAndNoSignal(t *testing.T) {
	a, b, err := sys.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	own(t, a)
	if err := sys.Close(b); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := sys.Send(a, []byte("x")); !errors.Is(err, unix.EPIPE) || sys.ClassOf(err) != sys.ClassDisconnected {
			t.Errorf("got %v, want EPIPE", err)
		}
	}
}

func TestConnectAndAccept(t *testing.T) {
	for _, f := range []struct {
		family sys.Family
		addr   netip.Addr
	}{{sys.IPv4, netip.MustParseAddr("127.0.0.1")}, {sys.IPv4, netip.MustParseAddr("::ffff:127.0.0.1")}} {
		l, err := sys.Socket(f.family)
		if err != nil {
			t.Fatal(err)
		}
		c, err := sys.Socket(sys.FamilyOf(f.addr))
		if err != nil {
			t.Fatal(err)
		}
		own(t, l, c)
		if err := sys.Bind(l, netip.AddrPortFrom(f.addr, 0)); err != nil {
			t.Fatal(err)
		}
		to, err := sys.LocalAddr(l)
		if err != nil {
			t.Fatal(err)
		}
		refused, err := sys.Socket(sys.IPv4)
		if err != nil {
			t.Fatal(err)
		}
		own(t, refused)
		if got := outcome(t, refused, sys.Connect(refused, to)); sys.ClassOf(got) != sys.ClassRefused {
			t.Errorf("connect before listen: %v", got)
		}
		if err := sys.Listen(l, 1); err != nil {
			t.Fatal(err)
		}
		if _, _, err := sys.Accept(l); err != sys.ErrWouldBlock {
			t.Errorf("accept before connect: %v", err)
		}
		if got := outcome(t, c, sys.Connect(c, to)); got != nil {
			t.Fatalf("connect: %v", got)
		}
		s, peer, err := sys.Accept(l)
		if err != nil {
			t.Fatal(err)
		}
		own(t, s)
		if mine, err := sys.LocalAddr(c); mine != peer || err != nil {
			t.Errorf("accepted %v, connected from %v, %v", peer, mine, err)
		}
		if on, err := sys.IsNonblock(s); !on || err != nil {
			t.Errorf("accepted handle: non-blocking %v, %v", on, err)
		}
	}
}

// outcome waits for a connect that goes on in the kernel.
func outcome(t *testing.T, h sys.Handle, err error) error {
	t.Helper()
	if sys.ClassOf(err) != sys.ClassInProgress {
		return err
	}
	if n, err := sys.Poll([]sys.PollFD{{Fd: int32(h), Events: sys.PollOut}}, 10*time.Second); n != 1 || err != nil {
		t.Fatalf("poll: %d, %v", n, err)
	}
	err = sys.SocketError(h)
	if again := sys.SocketError(h); again != nil {
		t.Errorf("the error is told twice: %v", again)
	}
	return err
}

func TestAFullEventfdIsSignalled(t *testing.T) {
	h, err := sys.Eventfd()
	if err != nil {
		t.Fatal(err)
	}
	own(t, h)
	var full [8]byte
	binary.NativeEndian.PutUint64(full[:], math.MaxUint64-1)
	if _, err := sys.Write(h, full[:]); err != nil {
		t.Fatal(err)
	}
	if err := sys.EventfdSignal(h); err != nil {
		t.Errorf("signal: %v", err)
	}
	if n, err := sys.EventfdClear(h); n != math.MaxUint64-1 || err != nil {
		t.Errorf("clear: %d, %v", n, err)
	}
	if n, err := sys.EventfdClear(h); n != 0 || err != nil {
		t.Errorf("clear again: %d, %v", n, err)
	}
}

func TestTransfersDoNotAllocate(t *testing.T) {
	a, b := pair(t)
	p := make([]byte, 4)
	two := [][]byte{p[:2], p[2:]}
	fds := []sys.PollFD{{Fd: int32(b), Events: sys.PollIn}}
	allocated := testing.AllocsPerRun(100, func() {
		_, _ = sys.Send(a, p)
		_, _ = sys.Poll(fds, time.Second)
		_, _ = sys.Recv(b, p)
		_, _ = sys.SendSegments(a, two)
		_, _ = sys.RecvSegments(b, two)
		_, _ = sys.Recv(b, p)
	})
	if allocated != 0 {
		t.Errorf("%v allocations", allocated)
	}
}
