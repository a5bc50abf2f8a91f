//go:build unix

package sys_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// unixgramPair returns two Unix-domain datagram sockets, and the name of the second.
func unixgramPair(t *testing.T) (a, b sys.Handle, name string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "sys") // t.TempDir has a name too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, h := range []*sys.Handle{&a, &b} {
		*h, err = sys.UnixgramSocket()
		require.NoError(t, err)
		own(t, *h)
	}
	name = filepath.Join(dir, "s")
	require.NoError(t, sys.BindUnix(b, name))
	return a, b, name
}

func TestReceivedDescriptorsAreCloseOnExec(t *testing.T) {
	a, b, name := unixgramPair(t)
	r, w, err := sys.Pipe()
	require.NoError(t, err)
	own(t, r)
	own(t, w)
	out := sys.Message{Buffer: []byte("x"), Name: name, Control: unix.UnixRights(int(r), int(w))}
	for _, recv := range []func(m *sys.Message) error{
		func(m *sys.Message) error { return sys.RecvMessage(b, m) },
		func(m *sys.Message) error {
			ms := []sys.Message{*m}
			_, err := sys.RecvMessages(b, ms)
			*m = ms[0]
			return err
		},
	} {
		require.NoError(t, sys.SendMessage(a, sys.IPv4, &out))
		in := sys.Message{Buffer: make([]byte, 4), Control: make([]byte, unix.CmsgSpace(16)), ControlN: -1, Flags: -1}
		require.NoError(t, recv(&in))
		if in.N != 1 || in.Flags != 0 || in.Truncated {
			t.Errorf("got %d bytes, flags %#x, truncated %v; want 1, 0, false", in.N, in.Flags, in.Truncated)
		}
		messages, err := unix.ParseSocketControlMessage(in.Control[:in.ControlN])
		require.NoError(t, err)
		require.Len(t, messages, 1)
		received, err := unix.ParseUnixRights(&messages[0])
		require.NoError(t, err)
		require.Len(t, received, 2)
		for _, h := range received {
			if flags, err := unix.FcntlInt(uintptr(h), unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 || err != nil {
				t.Errorf("received descriptor: flags %#x, %v; want close-on-exec", flags, err)
			}
			require.NoError(t, unix.Close(h))
		}
	}
}

func TestControlWithoutRoomIsCut(t *testing.T) {
	a, b, name := unixgramPair(t)
	r, w, err := sys.Pipe()
	require.NoError(t, err)
	own(t, r)
	own(t, w)
	require.NoError(t, sys.SendMessage(a, sys.IPv4, &sys.Message{Buffer: []byte("long"), Name: name, Control: unix.UnixRights(int(r))}))
	in := sys.Message{Buffer: make([]byte, 2), Control: make([]byte, 1)}
	if err := sys.RecvMessage(b, &in); err != nil || in.N != 2 || in.Flags != sys.MsgTrunc|sys.MsgCTrunc || !in.Truncated {
		t.Errorf("got %d bytes, flags %#x, truncated %v, %v; want 2, %#x, true, nil", in.N, in.Flags, in.Truncated, err, sys.MsgTrunc|sys.MsgCTrunc)
	}
	require.NoError(t, sys.SendMessage(a, sys.IPv4, &sys.Message{Buffer: []byte("x"), Name: name, Control: unix.UnixRights(int(r))}))
	in = sys.Message{Control: make([]byte, unix.CmsgSpace(4))}
	if err := sys.RecvMessage(b, &in); err != nil || in.N != 0 || !in.Truncated || in.ControlN == 0 {
		t.Fatalf("without room for bytes: %d bytes, truncated %v, %d bytes of control, %v", in.N, in.Truncated, in.ControlN, err)
	}
	messages, err := unix.ParseSocketControlMessage(in.Control[:in.ControlN])
	require.NoError(t, err)
	received, err := unix.ParseUnixRights(&messages[0])
	require.NoError(t, err)
	require.Len(t, received, 1)
	require.NoError(t, unix.Close(received[0]))
}
