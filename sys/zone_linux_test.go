package sys

import (
	"net"
	"net/netip"
	"strconv"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestZonesAreNamesOfInterfaces(t *testing.T) {
	h, err := UDPSocket(IPv4) // any socket will do
	require.NoError(t, err)
	defer Close(h)
	all, err := net.Interfaces()
	require.NoError(t, err)
	last := 0
	for _, i := range all {
		last = max(last, i.Index)
		var a addressSpace
		*(*unix.RawSockaddrInet6)(unsafe.Pointer(&a.raw)) = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: [16]byte{0xfe, 0x80, 15: 1}, Scope_id: uint32(i.Index)}
		got := a.addrPort(h, unix.SizeofSockaddrInet6)
		if want := netip.MustParseAddr("fe80::1%" + i.Name); got.Addr() != want {
			t.Errorf("index %d: got address %v, want %v", i.Index, got.Addr(), want)
		}
		for _, zone := range []string{i.Name, strconv.Itoa(i.Index)} {
			if id, err := zoneID(h, zone); int(id) != i.Index || err != nil {
				t.Errorf("zone %s: got index %d, %v; want %d", zone, id, err, i.Index)
			}
		}
	}
	if got, want := zoneName(h, uint32(last)+1000), strconv.Itoa(last+1000); got != want {
		t.Errorf("index without an interface: got zone %q, want %q", got, want)
	}
	for _, zone := range []string{"no-such-one", "a-name-that-is-longer-than-the-kernel-allows", "-1", "a\x00b", "4294967296"} {
		if id, err := zoneID(h, zone); err == nil {
			t.Errorf("zone %q: got index %d, want an error", zone, id)
		}
	}
}
