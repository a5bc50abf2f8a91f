package stream_test

import (
	"io"
	"testing"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/stretchr/testify/require"
)

func TestAWriteQueueAllocatesNothingInSteadyState(t *testing.T) {
	a, b := pair(t)
	require.NoError(t, a.SetWriteBuffer(64<<10))
	const piece = 16 << 10
	p := make([]byte, piece)
	q := stream.NewWriteQueue(a, stream.WriteQueueOptions{})
	const runs, pieces = 20, 20
	read := make(chan error, 1)
	go func() {
		_, err := io.CopyN(io.Discard, b, (runs+1)*pieces*piece)
		read <- err
	}()
	if n := testing.AllocsPerRun(runs, func() {
		for range pieces {
			if _, err := q.Write(p); err != nil {
				t.Fatal(err)
			}
		}
		require.NoError(t, q.Flush())
	}); n > 0 {
		t.Errorf("%v allocations per run, want 0", n)
	}
	require.NoError(t, <-read)
}

func TestTheMarksOfAWriteQueueAreInOrder(t *testing.T) {
	a, _ := pair(t)
	for _, o := range []stream.WriteQueueOptions{{High: 10, Low: 10}, {High: -1}, {Low: stream.DefaultWriteQueueHigh}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("NewWriteQueue(%+v) does not panic", o)
				}
			}()
			stream.NewWriteQueue(a, o)
		}()
	}
}
