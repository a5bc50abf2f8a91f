package lending

import (
	"errors"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/stretchr/testify/require"
)

func TestBuffersAreLentOnce(t *testing.T) {
	p, err := New(2, 8)
	require.NoError(t, err)
	first, _ := p.Take()
	second, _ := p.Take()
	if _, ok := p.Take(); ok || first == second || p.Lent() != 2 {
		t.Errorf("got buffers %d, %d and a third %v, %d lent; want two", first, second, ok, p.Lent())
	}
	for i := range p.Bytes(first) {
		p.Bytes(first)[i] = 1
	}
	if b := p.Bytes(second); len(b) != 8 || cap(b) != 8 || b[0] != 0 {
		t.Errorf("buffer %d: got %d of %d bytes, first is %d; want 8 of 8, 0", second, len(b), cap(b), b[0])
	}
	p.Return(first)
	if again, ok := p.Take(); !ok || again != first {
		t.Errorf("after Return: got %d, %v; want %d", again, ok, first)
	}
	p.Return(second)
	require.Panics(t, func() { p.Return(second) })
	require.Panics(t, func() { p.Return(9) })
}

func TestCloseRefusesWhileBuffersAreInUse(t *testing.T) {
	p, err := New(1, 1)
	require.NoError(t, err)
	id, _ := p.Take()
	require.ErrorIs(t, p.Close(), queue.ErrBusy)
	p.Return(id)
	require.NoError(t, p.Enter())
	require.ErrorIs(t, p.Close(), queue.ErrBusy)
	p.Leave()
	require.NoError(t, p.Close())
	require.ErrorIs(t, p.Close(), queue.ErrClosed)
	require.ErrorIs(t, p.Enter(), queue.ErrClosed)
}

func TestTheBoundsOfNewBuffers(t *testing.T) {
	for _, c := range [][2]int{{0, 1}, {queue.MaxBuffers + 1, 1}, {1, 0}, {1, queue.MaxBufferSize + 1}} {
		if _, err := New(c[0], c[1]); !errors.Is(err, queue.ErrInvalid) {
			t.Errorf("New(%d, %d): got error %v, want ErrInvalid", c[0], c[1], err)
		}
	}
}
