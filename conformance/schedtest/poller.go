package schedtest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// poller suspends the goroutines of a case.
type poller struct {
	*sched.Poller
	queue *meter
	ended chan error

	mu      sync.Mutex // guards a fence
	marker  sched.Source
	a, b    sys.Handle
	stopped atomic.Bool // a goroutine that a failed case has left may still be in fence
}

// poll gives the case a poller. It must be called before the scheduler is opened.
func (r *Fixture) poll() { r.poller = &poller{} }

// queueOf returns the queue that reports the handles for which callers in form f wait.
func (r *Fixture) queueOf(f form) *meter {
	if f.polled {
		return r.poller.queue
	}
	return r.queues[0]
}

func (p *poller) make(t T, r *Fixture) {
	t.Helper()
	open := r.openPoller
	if open == nil {
		open = func() (queue.Queue, queue.Mode, error) {
			q, err := auto.ByName(auto.Auto)
			return q, queue.Edge, err
		}
	}
	q, mode, err := open()
	if err != nil {
		t.Fatalf("open the queue of the poller: %v", err)
	}
	p.queue = &meter{Queue: r.ops.queue(q)}
	p.Poller = sched.NewPoller(p.queue, mode)
}

func (p *poller) run(t T, r *Fixture) {
	t.Helper()
	p.a, p.b = r.pair(t)
	var err error
	if p.marker, err = p.Register(p.a); err != nil {
		t.Fatalf("Register with the poller: %v", err)
	}
	p.ended = make(chan error, 1)
	go func() { p.ended <- p.Run(context.Background()) }()
	t.Cleanup(func() { p.stop(t, r) })
}

// stop ends the poller. Only the first call does.
func (p *poller) stop(t T, r *Fixture) {
	t.Helper()
	if p.stopped.Swap(true) {
		return
	}
	if err := p.Close(); err != nil {
		t.Errorf("Close of the poller: %v", err)
	}
	select {
	case err := <-p.ended:
		if err != nil {
			t.Errorf("Run of the poller: %v", err)
		}
	case <-time.After(r.patience):
		t.Errorf("still waiting for: Run of the poller returns after Close")
	}
}

// fence returns when the poller has delivered every event that was there before. The event of the
// first byte may come in one batch with them, that of the second comes after the batch.
func (p *poller) fence(t T, r *Fixture) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped.Load() {
		return
	}
	for range 2 {
		send(t, p.b, "x")
		p.takeMarker(t, r)
	}
}

// pause runs f between two Waits of the poller, which then reports all that f does at once.
func (p *poller) pause(t T, r *Fixture, f func()) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.queue.holdEvents()
	send(t, p.b, "x")
	// The queue reports the marker only while somebody waits for it, unless its mode is Edge.
	taken := r.goes(func() {
		for {
			if err := p.marker.Wait(sys.Readable, time.Now().Add(r.late())); err != nil {
				t.Errorf("wait for the marker of a pause: %v", err)
				return
			}
			if p.takeMarker(t, r); closed(h.held) || closed(r.ran) {
				return
			}
			// An event of an earlier marker has ended the wait, and none has come for this one.
			send(t, p.b, "x")
		}
	})
	r.wait(t, h.held, "the poller takes the marker of a pause")
	f()
	close(h.release)
	r.wait(t, taken, "the marker of a pause is received")
}

// takeMarker receives the byte that p.b has sent.
func (p *poller) takeMarker(t T, r *Fixture) {
	t.Helper()
	for buf, until := make([]byte, 1), time.Now().Add(r.patience); ; {
		if _, err := sys.Recv(p.a, buf); err == nil {
			return
		} else if err != sys.ErrWouldBlock {
			t.Errorf("receive a marker: %v", err)
			return
		}
		if err := p.marker.Wait(sys.Readable, until); err != nil {
			t.Errorf("wait for a marker: %v", err)
			return
		}
	}
}
