package sys_test

import (
	"errors"
	"net/netip"
	"syscall"
	"testing"
	"unsafe"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// overlapping is a port with the memory of operations.
type overlapping struct {
	port sys.Handle
	slab *[sys.MaxOverlappeds]sys.Overlapped
}

func openOverlapping(t *testing.T) overlapping {
	t.Helper()
	port, err := sys.PortCreate()
	require.NoError(t, err)
	slab, err := sys.Overlappeds()
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := errors.Join(sys.CloseObject(port), sys.OverlappedRelease(slab)); err != nil {
			t.Error(err)
		}
	})
	return overlapping{port, slab}
}

func (o overlapping) attach(t *testing.T, handles ...sys.Handle) {
	t.Helper()
	for _, h := range handles {
		require.NoError(t, sys.PortAttach(o.port, h, 7))
	}
}

// arrived waits for the packet of an operation.
func (o overlapping) arrived(t *testing.T, operation *sys.Overlapped) {
	t.Helper()
	packets := make([]sys.Packet, 2)
	n, err := sys.PortWait(o.port, packets, patience)
	require.NoError(t, err)
	if n != 1 || packets[0].Key != 7 || packets[0].Data != operation.Data() || operation.Pending() {
		t.Fatalf("got %d packets %+v, pending %v; want one of %#x", n, packets, operation.Pending(), operation.Data())
	}
}

func (o overlapping) quiet(t *testing.T) {
	t.Helper()
	if n, err := sys.PortWait(o.port, make([]sys.Packet, 1), 0); n != 0 || err != nil {
		t.Fatalf("got %d packets, %v; want none", n, err)
	}
}

func TestOverlappedReceive(t *testing.T) {
	o := openOverlapping(t)
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	defer sys.Close(a)
	defer sys.Close(b)
	o.attach(t, a)
	p := make([]byte, 8)
	none, receive := &o.slab[0], &o.slab[1]
	require.NoError(t, none.Recv(a))
	o.quiet(t)
	_, err = sys.Send(b, []byte("hello"))
	require.NoError(t, err)
	o.arrived(t, none)
	if n, err := none.Result(a); n != 0 || err != nil {
		t.Errorf("without memory: got %d, %v; want 0, nil", n, err)
	}
	require.NoError(t, receive.Recv(a, p[:2], nil, p[2:]))
	o.arrived(t, receive)
	if n, err := receive.Result(a); n != 5 || err != nil || string(p[:5]) != "hello" {
		t.Errorf("got %d, %v, %q; want hello", n, err, p)
	}
}

func TestCancelEndsOneOverlapped(t *testing.T) {
	o := openOverlapping(t)
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	defer sys.Close(a)
	defer sys.Close(b)
	o.attach(t, a)
	p := make([]byte, 8)
	first, second := &o.slab[0], &o.slab[1]
	require.NoError(t, first.Recv(a, p[:4]))
	require.NoError(t, second.Recv(a, p[4:]))
	require.NoError(t, first.Cancel(a))
	o.arrived(t, first)
	if n, err := first.Result(a); n != 0 || err != syscall.ERROR_OPERATION_ABORTED {
		t.Errorf("canceled: got %d, %v; want ERROR_OPERATION_ABORTED", n, err)
	}
	require.NoError(t, first.Cancel(a)) // its packet has arrived
	o.quiet(t)
	_, err = sys.Send(b, []byte("x"))
	require.NoError(t, err)
	o.arrived(t, second)
	if n, err := second.Result(a); n != 1 || err != nil || p[4] != 'x' {
		t.Errorf("the other operation: got %d, %v, %q", n, err, p)
	}
}

func TestOverlappedConnectAndAccept(t *testing.T) {
	o := openOverlapping(t)
	var sockets [3]sys.Handle
	for i := range sockets {
		h, err := sys.Socket(sys.IPv4)
		require.NoError(t, err)
		defer sys.Close(h)
		sockets[i] = h
	}
	l, c, s := sockets[0], sockets[1], sockets[2]
	require.NoError(t, sys.Bind(l, netip.MustParseAddrPort("127.0.0.1:0")))
	require.NoError(t, sys.Listen(l, 1))
	to, err := sys.LocalAddr(l)
	require.NoError(t, err)
	if p, err := sys.ProviderOf(l); err != nil || p != (sys.Provider{Family: sys.IPv4}) {
		t.Errorf("provider: got %+v, %v; want a stream of IPv4", p, err)
	}
	o.attach(t, l, c)
	accept, connect := &o.slab[0], &o.slab[1]
	require.NoError(t, connect.Connect(c, sys.IPv4, to))
	o.arrived(t, connect)
	require.NoError(t, accept.Accept(l, s))
	o.arrived(t, accept)
	for _, operation := range []*sys.Overlapped{accept, connect} {
		_, err := operation.Result(l)
		require.NoError(t, err)
	}
	require.NoError(t, sys.FinishAccept(l, s))
	require.NoError(t, sys.FinishConnect(c))
	from, err := sys.LocalAddr(c)
	require.NoError(t, err)
	if peer, err := sys.PeerAddr(s); peer != from || err != nil {
		t.Errorf("peer: got %v, %v; want %v", peer, err, from)
	}
}

func TestPacketsLeadToTheirOverlapped(t *testing.T) {
	o := openOverlapping(t)
	if size := unsafe.Sizeof(*o.slab); size != 1<<16 {
		t.Errorf("a slab has %d bytes, want the allocation granularity", size)
	}
	for _, i := range []int{0, 1, sys.MaxOverlappeds - 1} {
		first, index, ok := sys.OverlappedIndex(o.slab[i].Data())
		if first != o.slab[0].Data() || index != i || !ok {
			t.Errorf("operation %d: got %#x, %d, %v; want %#x", i, first, index, ok, o.slab[0].Data())
		}
	}
	if _, _, ok := sys.OverlappedIndex(o.slab[1].Data() + 8); ok {
		t.Error("an address inside an operation is the data of none")
	}
}
