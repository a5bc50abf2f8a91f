package main

import (
	"context"
	"io"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/edgewise-go/edgewise/sys"
	"github.com/stretchr/testify/require"
)

// A message that arrives while the loop serves a peer at full speed waits for the rest of that
// peer's turn. It also waits for one more turn, which was due before it. A third turn covers a peer
// that sent again just after the loop had drained it.
const servedBeforeMax = 3 * budgetBytes

const (
	pingsOfTest     = 100
	pingBytesOfTest = 64
)

// The test counts the bytes that the loop serves before it answers, not time, so the load of the
// machine does not matter.
func TestAPingWaitsForTwoTurnsOfAFlood(t *testing.T) {
	for _, task := range []string{"coroutine", "handler"} {
		for _, mode := range []string{"edge", "level", "oneshot"} {
			t.Run(task+"/"+mode, func(t *testing.T) {
				stack, err := edgewise.Open(edgewise.Options{Mode: mode, Loops: 1, Sched: sched.Options{TurnBudget: budgetTime}})
				require.NoError(t, err)
				f := flood{t: t, stack: stack, task: task, patience: time.Now().Add(time.Minute)}
				f.measure()
				over, cancel := context.WithCancel(context.Background())
				cancel()
				_ = stack.Shutdown(over) // the cancellation of the connections is its error
			})
		}
	}
}

// flood is two connections to one loop: one at full speed, and one that waits for an answer to each
// message.
type flood struct {
	t      *testing.T
	stack  *edgewise.Stack
	task   string
	served atomic.Int64 // bytes that the loop has sent back to the fast peer
	before atomic.Int64 // served when the last message was answered

	patience time.Time // deadline for serving the fast peer
}

func (f *flood) measure() {
	fast := f.connect(func(n int) { f.served.Add(int64(n)) })
	defer fast.Close()
	slow := f.connect(func(int) { f.before.Store(f.served.Load()) })
	defer slow.Close()
	go func() {
		for message := make([]byte, budgetBytes); ; {
			if _, err := fast.Write(message); err != nil {
				return
			}
		}
	}()
	go io.Copy(io.Discard, fast)
	message := make([]byte, pingBytesOfTest)
	var waits []int64
	for range pingsOfTest {
		f.flowing()
		if _, err := slow.Write(message); err != nil {
			f.t.Fatal(err)
		}
		// The message has arrived by now. However late this load runs, the difference below counts
		// only bytes served after the arrival.
		sent := f.served.Load()
		if _, err := io.ReadFull(slow, message); err != nil {
			f.t.Fatal(err)
		}
		waits = append(waits, f.before.Load()-sent)
	}
	slices.Sort(waits)
	// The loop may drain the peer and the peer may send again several times in a turn, up to its
	// time. That is rare.
	p90 := waits[len(waits)*9/10]
	f.t.Logf("bytes served before an answer: median %d, p90 %d, most %d; %d in all", waits[len(waits)/2], p90, waits[len(waits)-1], f.served.Load())
	if p90 > servedBeforeMax {
		f.t.Errorf("one message in ten waited for more than %d bytes of the fast peer, want at most %d", p90, servedBeforeMax)
	}
}

// flowing returns when the loop serves the fast peer. A message without competition proves nothing.
func (f *flood) flowing() {
	before := f.served.Load()
	for f.served.Load() == before {
		if f.t.Context().Err() != nil || time.Now().After(f.patience) {
			f.t.Fatal("the fast peer is not served")
		}
		runtime.Gosched()
	}
}

// connect makes the loop serve a connection and returns its other end. It counts the bytes that the
// loop sends back.
func (f *flood) connect(sent func(n int)) *stream.Conn {
	f.t.Helper()
	a, b, err := sys.SocketPair()
	if err != nil {
		f.t.Fatal(err)
	}
	server, err := stream.Adopt(a)
	if err != nil {
		f.t.Fatal(err)
	}
	client, err := stream.Adopt(b)
	if err != nil {
		f.t.Fatal(err)
	}
	err = f.stack.Call(f.t.Context(), "starts", func(t *sched.Task) error {
		buffer, err := f.stack.NewBuffer(t.Loop())
		if err != nil {
			return err
		}
		counted := &countedBuffer{buffer, sent}
		if f.task == "handler" {
			h := &handler{link: stream.Link{Socket: server}, buffer: counted}
			_, err := t.Loop().StartHandler(h.link.Handle(), h)
			return err
		}
		conn, err := stream.NewConn(server, t.Loop().Waiter())
		if err != nil {
			return err
		}
		return t.Go(context.Background(), "echo", func(t *sched.Task) error {
			defer conn.Close()
			defer counted.Release()
			return echo(t, conn, counted)
		})
	})
	if err != nil {
		f.t.Fatal(err)
	}
	c, err := stream.NewConn(client, park.Waiter{})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// countedBuffer reports the bytes that leave it.
type countedBuffer struct {
	bufstrategy.Buffer
	sent func(n int)
}

func (b *countedBuffer) Discard(n int) {
	b.Buffer.Discard(n)
	b.sent(n)
}
