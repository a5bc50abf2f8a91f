package sys_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/sys"
)

func TestUnreadAtMark(t *testing.T) {
	reader, writer := tcpPair(t)
	steps := []struct {
		send string
		flag int
		read int // bytes to read first
		want bool
		name string
	}{
		{"plain", 0, 0, false, "bytes without a mark"},
		{"U", unix.MSG_OOB, 0, false, "bytes before the mark"},
		{"", 0, len("plain"), false, "the mark alone"},
		{"after", 0, 0, true, "the mark, and bytes after it"},
		{"", 0, len("after"), false, "nothing"},
	}
	for _, s := range steps {
		if s.read > 0 {
			if n, err := sys.Recv(reader, make([]byte, 64)); n != s.read || err != nil {
				t.Fatalf("before %s: got %d bytes, %v, want %d", s.name, n, err, s.read)
			}
		}
		if s.send != "" {
			require.NoError(t, unix.Sendto(int(writer), []byte(s.send), s.flag, nil))
			// The kernel delivers over loopback before send(2) returns, or later from one of its
			// own threads.
			for left := 1; left > 0; {
				var err error
				if left, err = unix.IoctlGetInt(int(writer), unix.SIOCOUTQ); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got, err := sys.UnreadAtMark(reader); got != s.want || err != nil {
			t.Errorf("%s: UnreadAtMark: got %v, %v, want %v", s.name, got, err, s.want)
		}
	}
	if _, err := sys.UnreadAtMark(sys.Invalid); err != unix.EBADF {
		t.Errorf("invalid handle: got %v, want EBADF", err)
	}
}

func TestStoppedAtMark(t *testing.T) {
	reader, writer := tcpPair(t)
	for _, s := range []struct {
		pieces []string // the second one is urgent
		want   bool
	}{
		{[]string{"plain"}, false},
		{[]string{"before", "U"}, true},
		{[]string{"before", "U", "after"}, true},
	} {
		read := len(s.pieces[0])
		for i, piece := range s.pieces {
			require.NoError(t, unix.Sendto(int(writer), []byte(piece), []int{0, unix.MSG_OOB, 0}[i], nil))
		}
		for left := 1; left > 0; {
			var err error
			left, err = unix.IoctlGetInt(int(writer), unix.SIOCOUTQ)
			require.NoError(t, err)
		}
		n, err := sys.Recv(reader, make([]byte, 64))
		require.NoError(t, err)
		require.Equal(t, read, n, "%q: a read stops at the mark", s.pieces)
		if got := sys.StoppedAtMark(reader); got != s.want {
			t.Errorf("%q: StoppedAtMark: got %v, want %v", s.pieces, got, s.want)
		}
		if len(s.pieces) == 3 {
			n, err = sys.Recv(reader, make([]byte, 64))
			require.NoError(t, err)
			require.Equal(t, len("after"), n)
		} else if len(s.pieces) == 2 {
			require.NoError(t, unix.Sendto(int(writer), []byte("after"), 0, nil))
			for n = 0; n == 0; {
				if n, err = sys.Recv(reader, make([]byte, 64)); err == sys.ErrWouldBlock {
					n = 0
					continue
				}
				require.NoError(t, err)
			}
		}
		if sys.StoppedAtMark(reader) {
			t.Errorf("%q: StoppedAtMark after the mark was passed: got true, want false", s.pieces)
		}
	}
	require.True(t, sys.StoppedAtMark(sys.Invalid), "an invalid handle")
}

// tcpPair returns both ends of a TCP connection.
func tcpPair(t *testing.T) (a, b sys.Handle) {
	t.Helper()
	l, err := sys.Socket(sys.IPv4)
	require.NoError(t, err)
	a, err = sys.Socket(sys.IPv4)
	require.NoError(t, err)
	own(t, l, a)
	require.NoError(t, sys.Bind(l, netip.MustParseAddrPort("127.0.0.1:0")))
	require.NoError(t, sys.Listen(l, 1))
	to, err := sys.LocalAddr(l)
	require.NoError(t, err)
	if got := outcome(t, a, sys.Connect(a, to)); got != nil {
		t.Fatal(got)
	}
	readable(t, l)
	b, _, err = sys.Accept(l)
	require.NoError(t, err)
	own(t, b)
	return a, b
}
