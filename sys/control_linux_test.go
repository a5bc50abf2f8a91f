package sys_test

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"unsafe"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// controlMessage returns a control message (cmsg(3)).
func controlMessage(level, kind int, data ...byte) []byte {
	p := make([]byte, unix.CmsgSpace(len(data)))
	header := (*unix.Cmsghdr)(unsafe.Pointer(unsafe.SliceData(p)))
	header.Level, header.Type = int32(level), int32(kind)
	header.SetLen(unix.CmsgLen(len(data)))
	copy(p[unix.CmsgLen(0):], data)
	return p
}

// controlOf returns the data of the only control message that m received.
func controlOf(t *testing.T, m *sys.Message, level, kind int) []byte {
	t.Helper()
	all, err := unix.ParseSocketControlMessage(m.Control[:m.ControlN])
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.EqualValues(t, level, all[0].Header.Level)
	require.EqualValues(t, kind, all[0].Header.Type)
	return all[0].Data
}

const congestionExperienced = 3 // RFC 3168, 5

func TestTrafficClassesArriveAsControl(t *testing.T) {
	a, _ := udp(t, sys.IPv4, loopback.Addr())
	b, to := udp(t, sys.IPv4, loopback.Addr())
	require.NoError(t, unix.SetsockoptInt(int(b), unix.IPPROTO_IP, unix.IP_RECVTOS, 1))
	mark := controlMessage(unix.IPPROTO_IP, unix.IP_TOS, binary.NativeEndian.AppendUint32(nil, congestionExperienced)...)
	out := []sys.Message{{Buffer: []byte("one"), Addr: to, Control: mark}, {Buffer: []byte("two"), Addr: to}}
	_, err := sys.SendMessages(a, sys.IPv4, out)
	require.NoError(t, err)
	require.NoError(t, sys.SendMessage(a, sys.IPv4, &out[0]))
	in := make([]sys.Message, 3)
	for i := range in {
		in[i] = sys.Message{Buffer: make([]byte, 4), Control: make([]byte, 64)}
	}
	n, err := sys.RecvMessages(b, in)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	for i, want := range []byte{congestionExperienced, 0, congestionExperienced} {
		if got := controlOf(t, &in[i], unix.IPPROTO_IP, unix.IP_TOS); got[0] != want || in[i].Flags != 0 {
			t.Errorf("datagram %d: class %v, flags %#x; want %d, 0", i, got, in[i].Flags, want)
		}
	}
}

func TestTrafficClassesOfIPv6ArriveAsControl(t *testing.T) {
	h, err := sys.UDPSocket(sys.IPv6)
	if sys.ClassOf(err) == sys.ClassUnsupported || err == nil && sys.Bind(h, netip.AddrPortFrom(netip.IPv6Loopback(), 0)) != nil {
		return // the machine has no IPv6
	}
	require.NoError(t, err)
	own(t, h)
	to, err := sys.LocalAddr(h)
	require.NoError(t, err)
	require.NoError(t, unix.SetsockoptInt(int(h), unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS, 1))
	mark := controlMessage(unix.IPPROTO_IPV6, unix.IPV6_TCLASS, binary.NativeEndian.AppendUint32(nil, congestionExperienced)...)
	require.NoError(t, sys.SendMessage(h, sys.IPv6, &sys.Message{Buffer: []byte("x"), Addr: to, Control: mark}))
	in := sys.Message{Buffer: make([]byte, 4), Control: make([]byte, 64)}
	require.NoError(t, sys.RecvMessage(h, &in))
	if got := controlOf(t, &in, unix.IPPROTO_IPV6, unix.IPV6_TCLASS); binary.NativeEndian.Uint32(got) != congestionExperienced {
		t.Errorf("got class %v, want %d", got, congestionExperienced)
	}
}

func TestOneCallSendsAndReceivesManyDatagrams(t *testing.T) {
	a, _ := udp(t, sys.IPv4, loopback.Addr())
	if !sys.SegmentsDatagrams(a) {
		return // Linux before 4.18
	}
	b, to := udp(t, sys.IPv4, loopback.Addr())
	const size = 100
	bytes := strings.Repeat("a", size) + strings.Repeat("b", size) + "rest"
	out := sys.Message{Buffer: []byte(bytes), Addr: to, Control: sys.AppendSegmentSize(nil, size)}
	require.Equal(t, controlMessage(unix.IPPROTO_UDP, unix.UDP_SEGMENT, binary.NativeEndian.AppendUint16(nil, size)...), out.Control)
	require.NoError(t, sys.SendMessage(a, sys.IPv4, &out))
	in := sys.Message{Buffer: make([]byte, 1<<10), Control: make([]byte, 64)}
	for rest := bytes; rest != ""; {
		want := rest[:min(len(rest), size)]
		rest = rest[len(want):]
		if err := sys.RecvMessage(b, &in); err != nil || string(in.Buffer[:in.N]) != want || in.ControlN != 0 {
			t.Fatalf("got %q, %d bytes of control, %v; want %q", in.Buffer[:in.N], in.ControlN, err, want)
		}
	}
	if err := unix.SetsockoptInt(int(b), unix.IPPROTO_UDP, unix.UDP_GRO, 1); err == unix.ENOPROTOOPT {
		return // Linux before 5.0
	}
	require.NoError(t, sys.SendMessage(a, sys.IPv4, &out))
	require.NoError(t, sys.RecvMessage(b, &in))
	if got := string(in.Buffer[:in.N]); got != bytes {
		t.Errorf("got %q, want %q", got, bytes)
	}
	if got := controlOf(t, &in, unix.IPPROTO_UDP, unix.UDP_GRO); binary.NativeEndian.Uint32(got) != size {
		t.Errorf("got segments of %v, want %d", got, size)
	}
}

func TestControlDoesNotAllocate(t *testing.T) {
	a, _ := udp(t, sys.IPv4, loopback.Addr())
	b, to := udp(t, sys.IPv4, loopback.Addr())
	require.NoError(t, unix.SetsockoptInt(int(b), unix.IPPROTO_IP, unix.IP_RECVTOS, 1))
	mark := controlMessage(unix.IPPROTO_IP, unix.IP_TOS, binary.NativeEndian.AppendUint32(nil, congestionExperienced)...)
	p, room := make([]byte, 8), make([]byte, 64)
	out := []sys.Message{{Buffer: p, Addr: to, Control: mark}, {Buffer: p, Addr: to, Control: mark}}
	in := []sys.Message{{Buffer: p, Control: room}, {Buffer: p, Control: room}}
	if n := testing.AllocsPerRun(100, func() {
		_, _ = sys.SendMessages(a, sys.IPv4, out)
		_, _ = sys.RecvMessages(b, in)
		_ = sys.SendMessage(a, sys.IPv4, &out[0])
		one := sys.Message{Buffer: p, Control: room}
		_ = sys.RecvMessage(b, &one)
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}
