package sys_test

import (
	"net/netip"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func TestConnectAndAccept(t *testing.T) {
	for _, f := range []struct {
		family sys.Family
		addr   netip.Addr
	}{{sys.IPv4, netip.MustParseAddr("127.0.0.1")}, {sys.IPv4, netip.MustParseAddr("::ffff:127.0.0.1")}} {
		l, err := sys.Socket(f.family)
		require.NoError(t, err)
		c, err := sys.Socket(sys.FamilyOf(f.addr))
		require.NoError(t, err)
		own(t, l, c)
		require.NoError(t, sys.Bind(l, netip.AddrPortFrom(f.addr, 0)))
		to, err := sys.LocalAddr(l)
		require.NoError(t, err)
		require.NoError(t, sys.Listen(l, 1))
		if _, _, err := sys.Accept(l); err != sys.ErrWouldBlock {
			t.Errorf("accept before connect: got %v, want ErrWouldBlock", err)
		}
		if got := outcome(t, c, sys.Connect(c, to)); got != nil {
			t.Fatalf("connect: %v", got)
		}
		readable(t, l)
		s, peer, err := sys.Accept(l)
		require.NoError(t, err)
		own(t, s)
		if mine, err := sys.LocalAddr(c); mine != peer || err != nil {
			t.Errorf("accepted peer %v, connected from %v, %v", peer, mine, err)
		}
		if n, err := sys.Recv(s, make([]byte, 1)); n != 0 || err != sys.ErrWouldBlock {
			t.Errorf("receive from the accepted handle: %d, %v, want 0, ErrWouldBlock", n, err)
		}
		if other, err := sys.PeerAddr(s); other != peer || err != nil {
			t.Errorf("accepted peer %v, PeerAddr is %v, %v", peer, other, err)
		}
	}
}

func TestConnectIsRefusedWhereNobodyListens(t *testing.T) {
	h := bound(t)
	if got := outcome(t, h, sys.Connect(h, refusing(t))); sys.ClassOf(got) != sys.ClassRefused {
		t.Errorf("connect to an address without a listener: got %v, want a refusal", got)
	}
}

var loopback = netip.MustParseAddrPort("127.0.0.1:0")

func socket(t *testing.T) sys.Handle {
	t.Helper()
	h, err := sys.Socket(sys.IPv4)
	require.NoError(t, err)
	own(t, h)
	return h
}

// bound returns a socket with a port of its own. Without one, the kernel might assign it the port
// to which it connects, and it would connect to itself.
func bound(t *testing.T) sys.Handle {
	t.Helper()
	h := socket(t)
	require.NoError(t, sys.Bind(h, loopback))
	return h
}

// refusing returns an address without a listener: that of a client, whose port no other socket
// gets. A bound port that does not listen is unsuitable: some BSDs do not answer there.
func refusing(t *testing.T) netip.AddrPort {
	t.Helper()
	l, client := bound(t), bound(t)
	require.NoError(t, sys.Listen(l, 1))
	to, err := sys.LocalAddr(l)
	require.NoError(t, err)
	require.NoError(t, outcome(t, client, sys.Connect(client, to)))
	from, err := sys.LocalAddr(client)
	require.NoError(t, err)
	return from
}

// outcome waits for a connect that continues in the kernel, and returns its error.
func outcome(t *testing.T, h sys.Handle, err error) error {
	t.Helper()
	if sys.ClassOf(err) != sys.ClassInProgress {
		return err
	}
	if n, err := sys.Poll([]sys.PollFD{{Fd: int32(h), Events: sys.PollOut}}, patience); n != 1 || err != nil {
		t.Fatalf("poll: %d, %v", n, err)
	}
	return sys.SocketError(h)
}
