package stream_test

import (
	"context"
	"net/netip"
	"testing"
	"time"
	"unsafe"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/stretchr/testify/require"
)

func pair(t *testing.T) (a, b *stream.Conn) {
	t.Helper()
	l, err := stream.Listen(park.Waiter{}, netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	require.NoError(t, err)
	defer l.Close()
	d := stream.Dialer{Waiter: park.Waiter{}}
	if a, err = d.Connect(context.Background(), l.AddrPort()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	if b, err = l.AcceptOn(park.Waiter{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return a, b
}

func TestReadAndWriteAllocateNothing(t *testing.T) {
	a, b := pair(t)
	deadline := time.Now().Add(time.Minute)
	require.NoError(t, b.SetDeadline(deadline))
	p := make([]byte, 64)
	segs := make([][]byte, 2)
	if n := testing.AllocsPerRun(100, func() {
		// The first read of each run waits, because the previous one was short.
		if _, err := a.Write(p[:10]); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Read(p); n != 10 || err != nil {
			t.Fatal(n, err)
		}
		segs[0], segs[1] = p[:8], p[8:16]
		if _, err := b.TryWritev(segs); err != nil {
			t.Fatal(err)
		}
		require.NoError(t, a.WaitRead())
		if n, err := a.TryReadv(segs); n != 16 || err != nil {
			t.Fatal(n, err)
		}
		require.NoError(t, b.SetDeadline(deadline))
	}); n != 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
}

func TestSizesAreAsDocumented(t *testing.T) {
	if n := unsafe.Sizeof(stream.Socket{}); n > 16 {
		t.Errorf("a Socket is %d bytes, want at most 16", n)
	}
	if n := unsafe.Sizeof(stream.Conn{}); n > 208 {
		t.Errorf("a Conn is %d bytes, want at most 208", n)
	}
}
