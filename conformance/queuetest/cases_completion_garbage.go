package queuetest

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"
	"weak"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/sys"
)

func completionGarbageCases() []Case {
	return []Case{
		completing("garbage", "Completer", "An operation owns its memory from Submit to its terminal completion, even if nothing else refers to it and the collector runs. Each operation ends once, and no byte is lost or changed.",
			"netty#14933, compio#943", survivesGarbage),
	}
}

// garbageRun is a run of the case garbage: streams on which operations begin, end and are canceled.
type garbageRun struct {
	*completer
	r       *rand.Rand
	buffers queue.Buffers
	streams []*garbageStream
	idle    []*operation // never complete by themselves
}

// garbageStream is one direction of a pair of sockets: bytes whose values follow from their place.
type garbageStream struct {
	from, to       *end
	sent, received int // bytes that completions have reported
	send, recv     *operation
	sending        int                // bytes of send
	room           []byte             // of recv, or nil if only the queue refers to it
	weak           weak.Pointer[byte] // the memory of recv
}

// byteAt returns the byte at a place of a stream. Its period has no common factor with the sizes of
// memory.
func byteAt(i int) byte { return byte(i % 251) }

func bytesAt(from, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byteAt(from + i)
	}
	return p
}

// survivesGarbage runs operations on several queues, one after the other, while memory is allocated
// and collected. It closes every second queue with operations in flight.
func survivesGarbage(t T, first *completer) {
	streams, idle, turns, rounds := 16, 64, 60, 2
	if suite.Full() {
		streams, idle, turns, rounds = 128, 750, 400, 40 // 1,000 operations in flight
	}
	var over atomic.Bool
	defer over.Store(true)
	await := first.f.start(func() { collectGarbage(t, &over) })
	for round := range rounds {
		g := &garbageRun{completer: newCompleter(t, first.f, first.f.another(t)), r: rand.New(rand.NewPCG(1, uint64(round)))}
		g.buffers = g.lend(16, 64)
		for range streams / 2 {
			a, b := pair(t)
			g.streams = append(g.streams, &garbageStream{from: a, to: b}, &garbageStream{from: b, to: a})
		}
		quiet, _ := pair(t)
		for i := range idle {
			op := queue.Op{Kind: queue.OpTimeout, After: time.Hour}
			if i%3 == 0 {
				op = queue.Op{Kind: queue.OpPoll, Handle: quiet.handle, Interest: queue.Readable, Multi: i%2 == 0}
			}
			g.idle = append(g.idle, g.submit(op))
		}
		g.run(turns)
		if round%2 == 1 {
			must(t, g.Close()) // with all of them in flight
			for _, s := range g.streams {
				_, _ = sys.Write(s.from.handle, []byte{0}) // a receive that is left would take it
			}
		} else {
			g.finish()
			for _, s := range g.streams {
				s.settle(g)
				got := g.f.reads(t, s.to, s.sent-s.received)
				same(t, "received after the end of all operations", got, bytesAt(s.received, len(got)))
			}
			g.lent(g.buffers, 0, "after the end of all operations")
			must(t, g.Close())
		}
		g.closed = true
		for _, s := range g.streams {
			s.from.close(t)
		}
		quiet.close(t)
	}
	over.Store(true)
	await(t, "end of the collector")
}

// run submits and cancels for some turns.
func (g *garbageRun) run(turns int) {
	for range turns {
		for _, s := range g.streams {
			s.settle(g)
			s.begin(g)
		}
		if i := g.r.IntN(len(g.idle)); g.idle[i].ended {
			g.t.Errorf("%v ends by itself: %+v", g.idle[i], g.idle[i].got)
		}
		g.turn(0)
		for _, s := range g.streams {
			for _, o := range []*operation{s.send, s.recv} {
				if o != nil && !o.ended && g.r.IntN(8) == 0 {
					g.cancel(o)
				}
			}
		}
		must(g.t, g.Wake())
		g.turn(g.f.patience)
	}
}

// begin submits the operations that the stream has not.
func (s *garbageStream) begin(g *garbageRun) {
	if s.send == nil {
		s.sending = 1 + g.r.IntN(300)
		op := queue.Op{Kind: queue.OpSend, Handle: s.from.handle}
		if data := bytesAt(s.sent, s.sending); g.r.IntN(2) == 0 {
			op.Data = data
		} else {
			k := g.r.IntN(len(data))
			op.Vector = [][]byte{append([]byte(nil), data[:k]...), append([]byte(nil), data[k:]...)}
		}
		s.send = g.submit(op)
	}
	if s.recv != nil {
		if s.weak != (weak.Pointer[byte]{}) && !s.recv.ended && s.weak.Value() == nil {
			g.t.Errorf("the memory of %v, which is in flight, is collected", s.recv)
		}
		return
	}
	op := queue.Op{Kind: queue.OpRecv, Handle: s.to.handle}
	s.room, s.weak = nil, weak.Pointer[byte]{}
	switch g.r.IntN(4) {
	case 0, 1:
		op.Buffers, op.Multi = g.buffers, g.r.IntN(2) == 0
	case 2:
		op.Data = make([]byte, 64+g.r.IntN(64))
		s.room = op.Data
	default: // of a size that is not allocated together with other objects
		op.Data = make([]byte, 64+g.r.IntN(64))
		s.weak = weak.Make(&op.Data[0])
	}
	s.recv = g.submit(op)
}

// settle takes the completions of the stream.
func (s *garbageStream) settle(g *garbageRun) {
	if o := s.send; o != nil && o.ended {
		if n := int(o.got[0].Result); n > s.sending || n < 0 && n != queue.ResultCanceled {
			g.t.Fatalf("%v of %d bytes: got result %d (%v)", o, s.sending, n, o.got[0].Err())
		} else {
			s.sent += max(0, n)
		}
		g.forget(o)
		s.send = nil
	}
	o := s.recv
	if o == nil {
		return
	}
	for _, e := range o.got {
		n := int(e.Result)
		switch {
		case n == queue.ResultCanceled, n == queue.ResultNoBuffers:
			continue
		case n <= 0:
			g.t.Fatalf("%v: got result %d (%v), want bytes or ErrCanceled", o, n, e.Err())
		case o.lends:
			same(g.t, "received into a buffer", g.take(e, g.buffers), bytesAt(s.received, n))
		case s.room != nil:
			same(g.t, "received into memory", s.room[:n], bytesAt(s.received, n))
		}
		s.received += n
	}
	o.got = o.got[:0]
	if o.ended {
		g.forget(o)
		s.recv = nil
	}
}

// collectGarbage allocates memory of the sizes of the operations, drops it and collects it. Memory
// that the collector took from an operation in flight is soon part of what is allocated here, and
// the kernel changes it.
func collectGarbage(t T, over *atomic.Bool) {
	const sizesMax, mark = 512, 0xa5
	kept := make([][]byte, 4096)
	for i := 0; !over.Load(); i++ {
		p := make([]byte, 1+i%sizesMax)
		for k := range p {
			p[k] = mark
		}
		for _, b := range kept[i%len(kept)] {
			if b != mark {
				t.Errorf("memory that no operation owns has changed")
				return
			}
		}
		kept[i%len(kept)] = p
		if i%1024 == 0 {
			runtime.GC()
			runtime.Gosched()
		}
	}
}
