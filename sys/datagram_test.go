package sys_test

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// udp opens a UDP socket bound to a port of addr.
func udp(t *testing.T, f sys.Family, addr netip.Addr) (sys.Handle, netip.AddrPort) {
	t.Helper()
	h, err := sys.UDPSocket(f)
	require.NoError(t, err)
	own(t, h)
	require.NoError(t, sys.Bind(h, netip.AddrPortFrom(addr, 0)))
	bound, err := sys.LocalAddr(h)
	require.NoError(t, err)
	return h, bound
}

func TestDatagramsKeepTheirBounds(t *testing.T) {
	a, from := udp(t, sys.IPv4, loopback.Addr())
	b, to := udp(t, sys.IPv4, loopback.Addr())
	in := sys.Message{Buffer: make([]byte, 4)}
	if err := sys.RecvMessage(b, &in); err != sys.ErrWouldBlock {
		t.Errorf("receive before any send: got %v, want ErrWouldBlock", err)
	}
	for _, sent := range []string{"one", "", "longer", "four"} {
		require.NoErrorf(t, sys.SendMessage(a, sys.IPv4, &sys.Message{Buffer: []byte(sent), Addr: to}), "send %q", sent)
	}
	for _, want := range []string{"one", "", "longer", "four"} {
		readable(t, b)
		require.NoError(t, sys.RecvMessage(b, &in))
		fits := want[:min(len(want), len(in.Buffer))]
		if got := string(in.Buffer[:in.N]); got != fits || in.Truncated != (fits != want) || in.Addr != from || in.Name != "" {
			t.Errorf("got %q, truncated %v, from %v %q; want %q from %v", got, in.Truncated, in.Addr, in.Name, want, from)
		}
	}
	in.Buffer = nil
	require.NoError(t, sys.SendMessage(a, sys.IPv4, &sys.Message{Buffer: []byte("x"), Addr: to}))
	readable(t, b)
	if err := sys.RecvMessage(b, &in); err != nil || in.N != 0 || !in.Truncated {
		t.Errorf("receive into an empty buffer: %d bytes, truncated %v, %v; want 0, true, nil", in.N, in.Truncated, err)
	}
}

func TestBatchesAreCountedExactly(t *testing.T) {
	a, from := udp(t, sys.IPv4, loopback.Addr())
	b, to := udp(t, sys.IPv4, loopback.Addr())
	out := make([]sys.Message, sys.MaxMessages+2)
	in := slices.Clone(out)
	for i := range out {
		out[i] = sys.Message{Buffer: bytes.Repeat([]byte{byte(i)}, i), Addr: to}
		in[i] = sys.Message{Buffer: make([]byte, len(out)), N: -1}
	}
	if n, err := sys.SendMessages(a, sys.IPv4, out); n != sys.MaxMessages || err != nil {
		t.Fatalf("send: %d, %v", n, err)
	}
	for got := 0; got < sys.MaxMessages; {
		readable(t, b)
		n, err := sys.RecvMessages(b, in[got:])
		if n == 0 || err != nil {
			t.Fatalf("receive: %d, %v", n, err)
		}
		got += n
	}
	for i, m := range in {
		switch {
		case i >= sys.MaxMessages && m.N != -1:
			t.Errorf("message %d was modified", i)
		case i < sys.MaxMessages && (!bytes.Equal(m.Buffer[:m.N], out[i].Buffer) || m.Addr != from || m.Truncated):
			t.Errorf("message %d: got %v from %v", i, m.Buffer[:m.N], m.Addr)
		}
	}
	if n, err := sys.RecvMessages(b, in); n != 0 || err != sys.ErrWouldBlock {
		t.Errorf("receive from an empty socket: %d, %v, want 0, ErrWouldBlock", n, err)
	}
	if n, err := sys.SendMessages(a, sys.IPv4, nil); n != 0 || err != nil {
		t.Errorf("send of no messages: %d, %v, want 0, nil", n, err)
	}
	// The third cannot be sent: the first call sends two, and the next call returns the error.
	out[2].Addr = netip.AddrPortFrom(netip.IPv6Loopback(), to.Port())
	n, err := sys.SendMessages(a, sys.IPv4, out[:4])
	if n == 2 && err == nil {
		n, err = sys.SendMessages(a, sys.IPv4, out[2:4])
		n += 2
	}
	if n != 2 || err == nil {
		t.Errorf("send to an address of another family: %d, %v, want 2 and an error", n, err)
	}
}

func TestConnectedDatagramsNeedNoAddress(t *testing.T) {
	a, from := udp(t, sys.IPv4, loopback.Addr())
	b, to := udp(t, sys.IPv4, loopback.Addr())
	if err := sys.SendMessage(a, sys.IPv4, &sys.Message{}); err == nil {
		t.Error("send without an address on an unconnected socket: got nil, want an error")
	}
	require.NoError(t, sys.Connect(a, to))
	require.NoError(t, sys.SendMessage(a, sys.IPv4, &sys.Message{Buffer: []byte("x")}))
	readable(t, b)
	in := sys.Message{Buffer: make([]byte, 4)}
	if err := sys.RecvMessage(b, &in); err != nil || in.N != 1 || in.Addr != from {
		t.Errorf("got %d bytes from %v, %v", in.N, in.Addr, err)
	}
}

func TestADatagramToNobodyDisturbsNoOther(t *testing.T) {
	a, to := udp(t, sys.IPv4, loopback.Addr())
	b, _ := udp(t, sys.IPv4, loopback.Addr())
	nobody, addr := udp(t, sys.IPv4, loopback.Addr())
	if err := sys.Connect(nobody, addr); err != nil { // its only peer is itself
		t.Fatal(err)
	}
	for range 3 {
		require.NoError(t, sys.SendMessage(a, sys.IPv4, &sys.Message{Buffer: []byte("x"), Addr: addr}))
	}
	require.NoError(t, sys.SendMessage(b, sys.IPv4, &sys.Message{Buffer: []byte("y"), Addr: to}))
	readable(t, a)
	in := sys.Message{Buffer: make([]byte, 4)}
	if err := sys.RecvMessage(a, &in); err != nil || string(in.Buffer[:in.N]) != "y" {
		t.Errorf("got %q, %v", in.Buffer[:in.N], err)
	}
}
