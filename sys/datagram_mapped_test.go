//go:build !openbsd

package sys_test

import (
	"testing"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

func TestAnIPv6SocketSendsToIPv4(t *testing.T) {
	h, err := sys.UDPSocket(sys.IPv6)
	if sys.ClassOf(err) == sys.ClassUnsupported {
		return // the machine has no IPv6
	}
	require.NoError(t, err)
	own(t, h)
	require.NoError(t, sys.SetV6Only(h, false))
	b, to := udp(t, sys.IPv4, loopback.Addr())
	require.NoError(t, sys.SendMessage(h, sys.IPv6, &sys.Message{Buffer: []byte("x"), Addr: to}))
	readable(t, b)
	in := sys.Message{Buffer: make([]byte, 4)}
	if err := sys.RecvMessage(b, &in); err != nil || in.N != 1 {
		t.Fatalf("got %d bytes, %v; want 1", in.N, err)
	}
	require.NoError(t, sys.SendMessage(b, sys.IPv4, &sys.Message{Buffer: []byte("y"), Addr: in.Addr}))
	readable(t, h)
	if err := sys.RecvMessage(h, &in); err != nil || in.N != 1 || in.Addr != to {
		t.Errorf("got %d bytes from %v, %v; want 1 from %v", in.N, in.Addr, err, to)
	}
}
