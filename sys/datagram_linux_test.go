package sys_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/sys"
)

func TestDatagramSocketsAreBornNonBlockingAndCloseOnExec(t *testing.T) {
	a, _ := udp(t, sys.IPv4, loopback.Addr())
	b, err := sys.UnixgramSocket()
	require.NoError(t, err)
	own(t, b)
	for _, h := range []sys.Handle{a, b} {
		if on, err := sys.IsNonblock(h); !on || err != nil {
			t.Errorf("handle %v: non-blocking %v, %v", h, on, err)
		}
		if flags, err := unix.FcntlInt(uintptr(h), unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 || err != nil {
			t.Errorf("handle %v: not close-on-exec, %v", h, err)
		}
		require.NoError(t, unix.SetNonblock(int(h), false))
		if err := sys.RecvMessage(h, &sys.Message{}); err != sys.ErrWouldBlock {
			t.Errorf("receive on a blocking handle: got %v, want ErrWouldBlock", err)
		}
		if _, err := sys.RecvMessages(h, make([]sys.Message, 2)); err != sys.ErrWouldBlock {
			t.Errorf("batch receive on a blocking handle: got %v, want ErrWouldBlock", err)
		}
	}
}

func TestUnixDatagramsHaveNames(t *testing.T) {
	dir, err := os.MkdirTemp("", "sys") // t.TempDir has a name too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	abstract := "@" + path + "\x00and\x00" // as from a program that passes a whole sun_path
	open := func() sys.Handle {
		h, err := sys.UnixgramSocket()
		require.NoError(t, err)
		own(t, h)
		return h
	}
	receiver, nameless, named, odd := open(), open(), open(), open()
	require.NoError(t, errors.Join(sys.BindUnix(receiver, path), sys.BindUnix(named, path+"2"), unix.Bind(int(odd), &unix.SockaddrUnix{Name: abstract})))
	in := sys.Message{Buffer: make([]byte, 4)}
	for h, want := range map[sys.Handle]string{nameless: "", named: path + "2", odd: abstract} {
		require.NoError(t, sys.SendMessage(h, sys.IPv4, &sys.Message{Buffer: []byte("x"), Name: path}))
		if err := sys.RecvMessage(receiver, &in); err != nil || in.N != 1 || in.Name != want || in.Addr.IsValid() {
			t.Errorf("got %d bytes from %q %v, %v; want 1 from %q", in.N, in.Name, in.Addr, err, want)
		}
		if want == "" {
			continue
		}
		require.NoError(t, sys.SendMessage(receiver, sys.IPv4, &sys.Message{Buffer: []byte("back"), Name: in.Name}))
		if err := sys.RecvMessage(h, &in); err != nil || in.N != 4 || in.Name != path {
			t.Errorf("got %d bytes from %q, %v; want 4 from %q", in.N, in.Name, err, path)
		}
	}
	for name, want := range map[string]error{path + "\x00x": unix.EINVAL, path + strings.Repeat("x", 200): unix.ENAMETOOLONG, "@" + strings.Repeat("x", 108): unix.ENAMETOOLONG} {
		if err := sys.SendMessage(nameless, sys.IPv4, &sys.Message{Name: name}); !errors.Is(err, want) {
			t.Errorf("send to %q: %v, want %v", name, err, want)
		}
	}
}

func TestReceivingOnAConnectedSocketNeedsNoAddresses(t *testing.T) {
	a, to := udp(t, sys.IPv4, loopback.Addr())
	b, from := udp(t, sys.IPv4, loopback.Addr())
	require.NoError(t, unix.Connect(int(b), &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}))
	in := []sys.Message{{Buffer: make([]byte, 4), Addr: from}, {Buffer: make([]byte, 4)}, {Buffer: make([]byte, 4)}}
	_, err := sys.RecvConnected(b, in)
	require.Equal(t, sys.ErrWouldBlock, err)
	for _, text := range []string{"", "longer"} {
		require.NoError(t, sys.SendMessage(a, sys.IPv4, &sys.Message{Buffer: []byte(text), Addr: from}))
	}
	n, err := sys.RecvConnected(b, in)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, sys.Message{Buffer: in[0].Buffer, Addr: from}, in[0])
	require.Equal(t, sys.Message{Buffer: []byte("long"), N: 4, Truncated: true, Flags: sys.MsgTrunc}, in[1])
}

func TestDatagramsDoNotAllocate(t *testing.T) {
	a, _ := udp(t, sys.IPv4, loopback.Addr())
	b, to := udp(t, sys.IPv4, loopback.Addr())
	p := make([]byte, 8)
	out := []sys.Message{{Buffer: p, Addr: to}, {Buffer: p, Addr: to}}
	in := []sys.Message{{Buffer: p[:4]}, {Buffer: p}}
	if n := testing.AllocsPerRun(100, func() {
		_, _ = sys.SendMessages(a, sys.IPv4, out)
		_, _ = sys.RecvMessages(b, in)
		one := sys.Message{Buffer: p, Addr: to}
		_ = sys.SendMessage(a, sys.IPv4, &one)
		_ = sys.RecvMessage(b, &one)
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}
