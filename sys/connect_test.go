package sys_test

import (
	"net/netip"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
)

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
		readable(t, l)
		s, peer, err := sys.Accept(l)
		if err != nil {
			t.Fatal(err)
		}
		own(t, s)
		if mine, err := sys.LocalAddr(c); mine != peer || err != nil {
			t.Errorf("accepted %v, connected from %v, %v", peer, mine, err)
		}
		if n, err := sys.Recv(s, make([]byte, 1)); n != 0 || err != sys.ErrWouldBlock {
			t.Errorf("receive from the accepted handle: %d, %v", n, err)
		}
		if other, err := sys.PeerAddr(s); other != peer || err != nil {
			t.Errorf("accepted %v, peer is %v, %v", peer, other, err)
		}
	}
}

// outcome waits for a connect that goes on in the kernel.
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
