package stream_test

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/stretchr/testify/require"
)

// packetPair returns a UDP connection and another one that is connected to it.
func packetPair(t *testing.T) (listening, connected *stream.PacketConn) {
	t.Helper()
	a, err := stream.ListenPacket(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.PacketOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { a.Close() })
	d := stream.Dialer{Waiter: park.Waiter{}}
	b, err := d.ConnectUDP(context.Background(), a.LocalAddrPort())
	require.NoError(t, err)
	t.Cleanup(func() { b.Close() })
	return a, b
}

func TestDatagramsAllocateNothing(t *testing.T) {
	a, b := packetPair(t)
	require.NoError(t, a.SetDeadline(time.Now().Add(time.Minute)))
	p := make([]byte, 64)
	in := []stream.Message{{Buffer: make([]byte, 64)}, {Buffer: make([]byte, 64)}}
	out := []stream.Message{{Buffer: p[:1]}, {Buffer: p[:2]}}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := b.Write(p[:10]); err != nil {
			t.Fatal(err)
		}
		require.NoError(t, a.WaitRead())
		n, from, err := a.ReadFromAddrPort(p)
		if n != 10 || err != nil {
			t.Fatal(n, err)
		}
		if _, err := a.WriteToAddrPort(p[:20], from); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Read(p); n != 20 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := b.WriteBatch(out); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := a.ReadBatch(in); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := a.WriteBatch(in); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := b.TryReadBatch(in); n != 2 || err != nil {
			t.Fatal(n, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}

func TestControlMessagesAllocateNothing(t *testing.T) {
	a, b := packetPair(t)
	raw, err := a.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_RECVTOS, 1) }))
	require.NoError(t, err)
	mark, addr := trafficClass(3), net.UDPAddrFromAddrPort(b.LocalAddrPort())
	in := []stream.Message{{Buffer: make([]byte, 64)}, {Buffer: make([]byte, 64)}}
	p, oob := make([]byte, 64), make([]byte, 64)
	if n := testing.AllocsPerRun(100, func() {
		if n, oobn, err := b.WriteMsgUDPAddrPort(p[:10], mark, netip.AddrPort{}); n != 10 || oobn != len(mark) || err != nil {
			t.Fatal(n, oobn, err)
		}
		if err := a.WaitRead(); err != nil {
			t.Fatal(err)
		}
		n, oobn, _, from, err := a.ReadMsgUDPAddrPort(p, oob)
		if n != 10 || oobn == 0 || err != nil {
			t.Fatal(n, oobn, err)
		}
		if n, _, err := a.WriteMsgUDPAddrPort(p[:20], mark, from); n != 20 || err != nil {
			t.Fatal(n, err)
		}
		if n, _, err := b.ReadFromUDPAddrPort(p); n != 20 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := a.WriteToUDPAddrPort(p[:30], from); n != 30 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := b.Read(p); n != 30 || err != nil {
			t.Fatal(n, err)
		}
		if n, _, err := a.WriteMsgUDP(p[:40], mark, addr); n != 40 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := a.WriteToUDP(p[:41], addr); n != 41 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := b.ReadBatch(in); n != 2 || err != nil {
			t.Fatal(n, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}

func TestUnixDatagramsOfOneSenderAllocateNothing(t *testing.T) {
	dir, err := os.MkdirTemp("", "stream") // the path of t.TempDir is too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	var ends [2]*stream.PacketConn
	for i, name := range []string{"a", "b"} {
		if ends[i], err = stream.ListenUnixgram(park.Waiter{}, filepath.Join(dir, name), stream.PacketOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ends[i].Close() })
	}
	out := []stream.Message{{Buffer: []byte("x"), Name: filepath.Join(dir, "b")}}
	in := []stream.Message{{Buffer: make([]byte, 8)}}
	if n := testing.AllocsPerRun(100, func() {
		if n, err := ends[0].WriteBatch(out); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := ends[1].ReadBatch(in); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
	if !bytes.HasSuffix([]byte(in[0].Name), []byte("/a")) {
		t.Errorf("sender %q, want a name that ends in /a", in[0].Name)
	}
}
