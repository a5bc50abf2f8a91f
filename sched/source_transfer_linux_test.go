package sched

import (
	"testing"
	"unsafe"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/completion"
	"github.com/edgewise-go/edgewise/queue/epoll"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// stopper ends at once, and stops its Transfer in End.
type stopper struct {
	transfer Transfer
	ended    func(*stopper)
}

func (s *stopper) Step(t HandlerTask, _ Cause) Next {
	s.transfer = t.Transfer()
	return Done(nil)
}

func (s *stopper) End(error) { s.ended(s) }

func TestStopAfterTheHandlerRegistersNothing(t *testing.T) {
	e, err := epoll.New(epoll.Options{})
	require.NoError(t, err)
	q, err := completion.New(e, completion.Options{})
	require.NoError(t, err)
	l := New(q, Options{Completions: true})
	a, b, err := sys.SocketPair()
	require.NoError(t, err)
	defer sys.Close(b)
	require.NoError(t, l.Post(func() {
		_, err := l.StartHandler(a, &stopper{ended: func(s *stopper) {
			require.True(t, s.transfer.Stop())
			require.ErrorIs(t, q.Delete(a), queue.ErrNotFound)
			s.transfer.Close()
			require.True(t, s.transfer.Stop())
			l.Drain()
		}})
		require.NoError(t, err)
	}))
	require.NoError(t, l.Run(t.Context()))
	n, err := sys.Recv(b, make([]byte, 1))
	require.True(t, n == 0 && err == nil, "the handle is closed: got %d, %v", n, err)
}

// The Transfer of a handler is part of the memory of an idle connection.
func TestTheTransferOfAHandlerIsSmall(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(handlerTransfer{}), uintptr(16))
}
