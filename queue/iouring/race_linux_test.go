package iouring

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

// TestEachOperationEndsOnceHoweverItIsCanceled cancels operations in other threads while their
// events come, and counts terminal completions, bytes and handles.
func TestEachOperationEndsOnceHoweverItIsCanceled(t *testing.T) {
	eachRing(t, 8, 16, func(t *testing.T, q *instance) {
		const workers, rounds, data = 4, 300, 100
		l, dial := listener(t)
		buffers, err := q.NewBuffers(8, 8)
		must(t, err)
		var mu sync.Mutex
		sent, submitted := 0, 0 // guarded by mu
		var group sync.WaitGroup
		var hs [workers]sys.Handle
		for w := range workers {
			h, peer := pair(t)
			hs[w] = h
			r := rand.New(rand.NewPCG(1, uint64(w)))
			group.Go(func() {
				for i := range rounds {
					op := queue.Op{Token: data, Kind: queue.OpRecv, Handle: h}
					switch kind := r.IntN(5); kind {
					case 0:
						op.Data = make([]byte, 1)
					case 1, 2:
						op.Buffers, op.Multi = buffers, kind == 1
					case 3:
						op.Kind, op.Handle, op.Multi, op.Token = queue.OpAccept, l, r.IntN(2) == 0, data+1
					case 4:
						op.Kind, op.Interest, op.Multi, op.Token = queue.OpPoll, queue.Readable, r.IntN(2) == 0, data+2
					}
					id, err := q.Submit(&op)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					submitted++
					mu.Unlock()
					if r.IntN(2) == 0 {
						if _, err := sys.Send(peer, []byte{1}); err != nil {
							t.Error(err)
						}
						mu.Lock()
						sent++
						mu.Unlock()
					}
					if w == 0 && i%16 == 0 {
						dial()
					}
					if err := q.Cancel(id); err != nil && !errors.Is(err, queue.ErrNotFound) {
						t.Error(err)
					}
				}
			})
		}
		over, woken := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(woken)
			group.Wait()
			close(over)
			if err := q.Wake(); err != nil { // the test may be waiting for nothing
				t.Error(err)
			}
		}()
		ended, received, last := 0, 0, -1
		events := make([]queue.Event, 4)
		for done := false; !done; {
			n, err := q.Wait(events, patience)
			must(t, err)
			for _, e := range events[:n] {
				if e.Terminal() {
					ended++
				}
				switch {
				case e.Token == data+1 && e.Result >= 0:
					must(t, sys.Close(sys.Handle(e.Result)))
				case e.Token == data && e.Result > 0:
					received += int(e.Result)
				}
				if e.Completion&queue.Provided != 0 {
					buffers.Return(e.Buffer)
				}
				if err := e.Err(); err != nil && err != queue.ErrCanceled && err != queue.ErrNoBuffers {
					t.Errorf("got %+v: %v", e, err)
				}
			}
			select {
			case <-over:
				done = ended == submitted
				if n == 0 && !done && ended == last {
					t.Fatalf("%d of %d operations ended", ended, submitted)
				}
				last = ended
			default:
			}
		}
		<-woken
		if q.flight.Len()+q.inside+buffers.Lent() != 0 {
			t.Errorf("%d operations in flight, %d in the kernel, %d buffers lent; want 0", q.flight.Len(), q.inside, buffers.Lent())
		}
		rest := make([]byte, rounds)
		for _, h := range hs {
			if n, err := sys.Recv(h, rest); err == nil {
				received += n
			} else if err != sys.ErrWouldBlock {
				t.Error(err)
			}
		}
		if received != sent {
			t.Errorf("received %d of %d bytes", received, sent)
		}
	})
}
