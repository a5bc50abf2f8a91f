package stream_test

import (
	"context"
	"errors"
	"net/netip"
	"syscall"
	"testing"
	"unsafe"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func TestADualStackSocketAnswersIPv4(t *testing.T) {
	any6 := netip.AddrPortFrom(netip.IPv6Unspecified(), 0)
	both, err := stream.ListenPacket(park.Waiter{}, any6, stream.PacketOptions{DualStack: true})
	if sys.ClassOf(err) == sys.ClassUnsupported {
		return // the machine does not support IPv6
	}
	require.NoError(t, err)
	defer both.Close()
	local := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), both.LocalAddrPort().Port())
	d := stream.Dialer{Waiter: park.Waiter{}}
	c, err := d.ConnectUDP(context.Background(), local)
	require.NoError(t, err)
	defer c.Close()
	if _, err := c.Write([]byte("question")); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 64)
	n, from, err := both.ReadFromAddrPort(p)
	if string(p[:n]) != "question" || from != c.LocalAddrPort() || err != nil {
		t.Fatalf("got %q from %v, error %v; want \"question\" from %v", p[:n], from, err, c.LocalAddrPort())
	}
	if _, err := both.WriteToAddrPort([]byte("answer"), from); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(p); string(p[:n]) != "answer" || err != nil {
		t.Errorf("got %q, error %v, want \"answer\"", p[:n], err)
	}
}

func TestAPacketConnHasItsSize(t *testing.T) {
	if n := unsafe.Sizeof(stream.PacketConn{}); n > 208 {
		t.Errorf("a PacketConn is %d bytes, want at most 208", n)
	}
}

func TestBroadcastIsOnRequest(t *testing.T) {
	to := netip.MustParseAddrPort("255.255.255.255:9")
	for _, on := range []bool{false, true} {
		c, err := stream.ListenPacket(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.PacketOptions{Broadcast: on})
		require.NoError(t, err)
		defer c.Close()
		// Even with the option, it may fail because no network is reachable.
		if _, err := c.WriteToAddrPort([]byte("x"), to); errors.Is(err, syscall.EACCES) == on {
			t.Errorf("send with Broadcast %v: %v, want EACCES only without it", on, err)
		}
	}
}
