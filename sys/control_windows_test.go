package sys_test

import (
	"bytes"
	"testing"
	"unsafe"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/windows"
)

const ipPktinfo = 19 // IP_PKTINFO (ws2ipdef.h)

func TestControlMessagesArrive(t *testing.T) {
	a, from := udp(t, sys.IPv4, loopback.Addr())
	b, to := udp(t, sys.IPv4, loopback.Addr())
	require.NoError(t, windows.SetsockoptInt(windows.Handle(b), windows.IPPROTO_IP, ipPktinfo, 1))
	in := sys.Message{Buffer: make([]byte, 4), Control: make([]byte, 64)}
	if err := sys.RecvMessage(b, &in); err != sys.ErrWouldBlock {
		t.Errorf("receive before any send: got %v, want ErrWouldBlock", err)
	}
	var info []byte
	for _, sent := range []string{"fits", "longer", "", "info"} {
		require.NoError(t, sys.SendMessage(a, sys.IPv4, &sys.Message{Buffer: []byte(sent), Addr: to, Control: info}))
		readable(t, b)
		require.NoError(t, sys.RecvMessage(b, &in))
		want := sent[:min(len(sent), len(in.Buffer))]
		if got := string(in.Buffer[:in.N]); got != want || in.Truncated != (want != sent) || in.Truncated != (in.Flags == sys.MsgTrunc) || in.Addr != from {
			t.Errorf("got %q, truncated %v, flags %#x, from %v; want %q from %v", got, in.Truncated, in.Flags, in.Addr, want, from)
		}
		if in.Truncated {
			continue
		}
		require.GreaterOrEqual(t, in.ControlN, int(unsafe.Sizeof(windows.WSACMSGHDR{})))
		info = bytes.Clone(in.Control[:in.ControlN]) // sent again, it names the interface and the source
		header := (*windows.WSACMSGHDR)(unsafe.Pointer(unsafe.SliceData(in.Control)))
		if header.Level != windows.IPPROTO_IP || header.Type != ipPktinfo {
			t.Errorf("got a control message of level %d, type %d; want %d, %d", header.Level, header.Type, windows.IPPROTO_IP, ipPktinfo)
		}
	}
}
