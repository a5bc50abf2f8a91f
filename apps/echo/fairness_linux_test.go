package main

import (
	"context"
	"io"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/park"
	"github.com/edgewise-go/edgewise/sys"
)

// A message that arrives while the loop serves a peer at full speed waits for the rest of that
// peer's turn and for one more, which was due before it. One more is for a turn in which the peer
// sent again just as it had been drained.
const servedBeforeMax = 3 * budgetBytes

const (
	pingsOfTest     = 100
	pingBytesOfTest = 64
)

// What a loop does before it answers is counted in bytes, not in time: how busy the machine is does
// not matter.
func TestAPingWaitsForTwoTurnsOfAFlood(t *testing.T) {
	for _, task := range []string{"coroutine", "handler"} {
		for _, mode := range []string{"edge", "level", "oneshot"} {
			t.Run(task+"/"+mode, func(t *testing.T) {
				kit, err := strategy.Flags{Queue: "auto", Mode: mode, Resolve: "pool", Task: task, Loops: 1}.Open(sched.Options{TurnBudget: budgetTime})
				if err != nil {
					t.Fatal(err)
				}
				ran := make(chan error, 1)
				ctx, cancel := context.WithCancel(context.Background())
				go func() { ran <- kit.Scheduler.Run(ctx) }()
				f := flood{t: t, place: kit.Places[0], task: task, patience: time.Now().Add(time.Minute)}
				f.measure()
				cancel()
				<-ran // it ends with the cancellation, which is its error
			})
		}
	}
}

// flood is two connections to one loop: one at full speed, and one whose messages wait for their
// answer.
type flood struct {
	t      *testing.T
	place  *strategy.Place
	task   string
	served atomic.Int64 // bytes of the fast peer that the loop has sent back
	before atomic.Int64 // served when the last message was answered

	patience time.Time // until when the fast peer must be served
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
		// The message has arrived by now. However late this looks, it never sees more served than
		// there was after the arrival.
		sent := f.served.Load()
		if _, err := io.ReadFull(slow, message); err != nil {
			f.t.Fatal(err)
		}
		waits = append(waits, f.before.Load()-sent)
	}
	slices.Sort(waits)
	// A peer may be drained and send again several times in a turn, up to its time; that is seldom.
	p90 := waits[len(waits)*9/10]
	f.t.Logf("bytes served before an answer: median %d, p90 %d, most %d; %d in all", waits[len(waits)/2], p90, waits[len(waits)-1], f.served.Load())
	if p90 > servedBeforeMax {
		f.t.Errorf("one message of ten waited for more than %d bytes of the fast peer, want %d at most", p90, servedBeforeMax)
	}
}

// flowing returns when the loop serves the fast peer. A message that has no competition shows
// nothing.
func (f *flood) flowing() {
	before := f.served.Load()
	for f.served.Load() == before {
		if f.t.Context().Err() != nil || time.Now().After(f.patience) {
			f.t.Fatal("the fast peer is not served")
		}
		runtime.Gosched()
	}
}

// connect has the loop serve a connection, whose other end it returns, and counts what is sent
// back.
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
	err = f.place.Loop.Call(f.t.Context(), "starts", func(t *sched.Task) error {
		buffer, err := f.place.Buffers.New()
		if err != nil {
			return err
		}
		counted := &countedBuffer{buffer, sent}
		if f.task == "handler" {
			h := &handler{sock: server, buffer: counted}
			_, err := t.Loop().StartHandler(h.sock.Handle(), h)
			return err
		}
		conn, err := stream.NewConn(server, t.Loop().Tasks())
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

// countedBuffer tells what leaves it.
type countedBuffer struct {
	bufstrategy.Buffer
	sent func(n int)
}

func (b *countedBuffer) Discard(n int) {
	b.Buffer.Discard(n)
	b.sent(n)
}
