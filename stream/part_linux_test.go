package stream

import (
	"os"
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// turns is a Waiter whose sources record how much was moved between two yields.
type turns struct {
	never
	moved func() int64
	last  int64
	count int
	most  int64
}

func (w *turns) Register(sys.Handle) (Source, error) { return w, nil }
func (w *turns) Close() error                        { return nil }

func (w *turns) YieldIfSpent() error { return nil }

func (w *turns) Yield() error {
	now := w.moved()
	w.most = max(w.most, now-w.last)
	w.last = now
	w.count++
	return nil
}

// endless returns a connection from which the kernel reads zeros, or that takes any write at once.
// Only the requested amount bounds what it moves.
func endless(t *testing.T, w Waiter, device string) *Conn {
	t.Helper()
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	h, other, err := sys.SocketPair()
	require.NoError(t, err)
	defer sys.Close(other)
	c, err := NewConn(own(h), w)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, syscall.Dup3(int(f.Fd()), int(h), syscall.O_CLOEXEC))
	return c
}

const parts = 8

func checkTurns(t *testing.T, w *turns, most int64) {
	t.Helper()
	if w.most > most || w.count < parts-1 {
		t.Errorf("%d yields in %d bytes, at most %d bytes apart; want a yield after %d bytes", w.count, parts*partBytes, w.most, most)
	}
}

func TestOthersHaveTheirTurnWhileAFileIsSent(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, f.Truncate(parts*partBytes))
	w := &turns{moved: func() int64 {
		at, err := f.Seek(0, 1)
		if err != nil {
			t.Error(err)
		}
		return at
	}}
	if n, handled, err := endless(t, w, os.DevNull).sendFile(f, 1<<40); n != parts*partBytes || !handled || err != nil {
		t.Fatalf("%d, %v, %v, want %d bytes sent by the kernel", n, handled, err, parts*partBytes)
	}
	checkTurns(t, w, partBytes)
}

func TestOthersHaveTheirTurnWhileAConnectionIsSpliced(t *testing.T) {
	w := &turns{moved: func() int64 { return 0 }}
	from, to := endless(t, w, "/dev/zero"), endless(t, w, os.DevNull)
	if n, handled, err := to.splice(from, parts*partBytes); n != parts*partBytes || !handled || err != nil {
		t.Fatalf("%d, %v, %v, want %d bytes moved by the kernel", n, handled, err, parts*partBytes)
	}
	// Not every part ends where a call does.
	if w.count < parts/2 {
		t.Errorf("%d yields in %d bytes, want one after %d to %d bytes", w.count, parts*partBytes, partBytes, 2*partBytes)
	}
}

func TestAPipeGrowsAsFarAsItMay(t *testing.T) {
	r, w, err := sys.Pipe()
	require.NoError(t, err)
	defer sys.Close(r)
	defer sys.Close(w)
	first, err := sys.GrowPipe(w, 1)
	if first < 1 || err != nil {
		t.Fatalf("capacity of a new pipe: %d, %v", first, err)
	}
	grown, err := sys.GrowPipe(w, 4*first)
	if grown < first || err != nil {
		t.Fatalf("capacity of a pipe grown from %d: %d, %v", first, grown, err)
	}
	n := 0
	for ; ; n++ {
		if _, err := sys.Write(w, make([]byte, 1<<10)); err != nil {
			break
		}
	}
	if n<<10 > grown || n<<10 < grown-os.Getpagesize() {
		t.Errorf("a pipe took %d bytes, want its capacity of %d to within a page", n<<10, grown)
	}
}
