package bufstrategytest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/edgewise-go/edgewise/bufstrategy"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// DefaultVolume is how many bytes a case about sockets sends per buffer size if Fixture.Volume is
// zero.
const DefaultVolume = 256 << 10

// restLimits are the sizes of the buffers that bytes are read through.
var restLimits = [...]int{1 << 10, 4 << 10, 64 << 10}

// restCases run on real sockets: whatever the kernel does, no byte is lost and no call waits for an
// event that does not come.
func restCases() []Case {
	full := "Full: the buffer has no room, and bytes may remain in the source. Consume, then Fill again without waiting for " +
		"readiness: the edge for bytes that are already there has been delivered and does not come again."
	return []Case{
		{
			ID: "rest/read-to-the-end", Doc: "bufstrategy.Full",
			Rule:   full,
			Source: "a full buffer while more can be read: shadow #3274; a connection that yielded and was forgotten: nbio",
			Needs:  []Feature{Sockets},
			Run:    readToTheEnd,
		}, {
			ID: "rest/all-sent-before-the-first-read", Doc: "bufstrategy.Budget",
			Rule:   "The socket is still ready: yield, then continue without waiting.",
			Source: "the only edge has passed when the reader begins: netty #3709",
			Needs:  []Feature{Sockets},
			Run:    readWhatIsThere,
		}, {
			ID: "rest/end-at-the-limit", Doc: "bufstrategy.Fill",
			Rule:   "Fill reports EOF after src has ended. The bytes before the end are in dst.",
			Source: "data and FIN in one event: netpoll #122, #226, #278",
			Needs:  []Feature{Sockets},
			Run:    endAtTheLimit,
		}, {
			ID: "rest/write-to-the-end", Doc: "bufstrategy.Blocked",
			Rule:   "The rest stays in the buffer. Wait for writability.",
			Source: "bytes dropped or sent twice after a partial write: gnet #569, libuv 1158b845",
			Needs:  []Feature{Sockets},
			Run:    writeToTheEnd,
		},
	}
}

func (f *Fixture) volume() int {
	if f.Volume > 0 {
		return f.Volume
	}
	return DefaultVolume
}

// steps serves connections that share the memory of a fixture. It lets one of them run at a time:
// buffers belong to one goroutine.
type steps struct {
	T
	f    *Fixture
	turn sync.Mutex
	all  sync.WaitGroup
	errs chan error
}

func newSteps(t T, f *Fixture) *steps { return &steps{T: t, f: f, errs: make(chan error, 64)} }

// read makes r read from s, concurrently with the others.
func (w *steps) read(what string, s stream.Socket, r *reader) {
	w.all.Go(func() {
		defer close(r.idle)
		w.serve(what, s, sys.Readable, r.step, &r.err)
	})
}

// write makes wr write to s, concurrently with the others.
func (w *steps) write(what string, s stream.Socket, wr *writer) {
	w.all.Go(func() { w.serve(what, s, sys.Writable, wr.step, &wr.err) })
}

func (w *steps) serve(what string, s stream.Socket, d sys.Direction, step func(Conn) Next, err *error) {
	served := w.f.serve(w.T, s, d, func(c Conn) Next {
		w.turn.Lock()
		defer w.turn.Unlock()
		return step(c)
	})
	w.report(what, errors.Join(served, *err))
}

// beside runs f, on the peer's side.
func (w *steps) beside(what string, f func() error) {
	w.all.Go(func() { w.report(what, f()) })
}

func (w *steps) report(what string, err error) {
	if err != nil {
		w.errs <- fmt.Errorf("%s: %w", what, err)
	}
}

// wait waits for all served connections, and ends the case if anything has failed.
func (w *steps) wait() {
	w.Helper()
	w.all.Wait()
	close(w.errs)
	failed := false
	for err := range w.errs {
		w.Errorf("%v", err)
		failed = true
	}
	if failed {
		w.FailNow()
	}
}

// neighbours is how many other connections read besides the main one. Each reads an eighth as much.
const neighbours = 2

func readToTheEnd(t T, f *Fixture) {
	for i, limit := range restLimits {
		w := newSteps(t, f)
		var rs []*reader
		for k := range 1 + neighbours {
			size := f.volume()
			if k > 0 {
				size = max(1, size/8)
			}
			seed := uint64(10*i + k)
			r := newReader(t, f, Options{Limit: limit}, size, seed)
			rs = append(rs, r)
			s, peer := connect(t)
			rng := seeded(seed)
			what := fmt.Sprintf("limit %d, connection %d", limit, k)
			w.beside(what, func() error { return newTape(size, seed).send(peer, rng, pieces(rng, 3*limit), r.idle) })
			w.read(what, s, r)
		}
		w.wait()
		for _, r := range rs {
			r.checkMemory(t)
		}
		t.Logf("limit %d: %d bytes in %d reads with %d waits, %d of them in vain",
			limit, rs[0].tape.size, rs[0].conn.reads, rs[0].waits, rs[0].empty)
	}
}

func newReader(t T, f *Fixture, c Options, size int, seed uint64) *reader {
	t.Helper()
	rng := seeded(seed)
	return &reader{
		f: f, b: f.open(t, c), tape: newTape(size, seed), rng: rng, idle: make(chan struct{}, 1),
		take: pieces(rng, 2*c.Limit),
		budget: func() int {
			if rng.IntN(2) == 0 {
				return 0
			}
			return 1 + rng.IntN(2*c.Limit)
		},
	}
}

// checkMemory compares the memory that the buffer has held with the promise of its documentation.
// It wants all memory returned.
func (r *reader) checkMemory(t T) { checkMemory(t, r.f, r.b, r.tape.size) }

func checkMemory(t T, f *Fixture, b bufstrategy.Buffer, moved int) {
	t.Helper()
	s := b.Stats()
	if f.Holds != nil && s.PeakResident > f.Holds(b.Limit()) {
		t.Errorf("%d bytes of memory were held for a Limit of %d, want at most %d", s.PeakResident, b.Limit(), f.Holds(b.Limit()))
	}
	if s.Moved != uint64(moved) {
		t.Errorf("%d bytes were moved, want %d", s.Moved, moved)
	}
	b.Release()
	if n := b.Stats().Resident; n != 0 {
		t.Errorf("%d bytes of memory are held after Release", n)
	}
}

// thereBytes is more than the smaller buffers hold and less than any kernel buffer holds.
const thereBytes = 24 << 10

func readWhatIsThere(t T, f *Fixture) {
	for i, limit := range restLimits[:2] {
		seed := uint64(40 + i)
		s, peer := connect(t)
		if err := newTape(thereBytes, seed).send(peer, nil, func() int { return thereBytes }, nil); err != nil {
			s.Close() // the first error counts
			t.Fatalf("%v", err)
		}
		w := newSteps(t, f)
		r := newReader(t, f, Options{Limit: limit}, thereBytes, seed)
		w.read(fmt.Sprintf("limit %d", limit), s, r)
		w.wait()
		r.checkMemory(t)
	}
}

func endAtTheLimit(t T, f *Fixture) {
	const limit = 4 << 10
	probe := f.open(t, Options{Limit: limit})
	full := probe.Limit()
	probe.Release()
	// The consumer takes nothing before it must, and then one byte, or everything.
	for _, take := range []int{0, 2 * full} {
		for i, size := range []int{0, 1, full - 1, full, full + 1, 2 * full} {
			seed := uint64(50 + i)
			w := newSteps(t, f)
			r := newReader(t, f, Options{Limit: limit}, size, seed)
			r.budget = func() int { return 0 }
			r.take = func() int { return take }
			s, peer := connect(t)
			what := fmt.Sprintf("%d bytes, limit %d", size, full)
			w.beside(what, func() error { return newTape(size, seed).send(peer, nil, func() int { return size }, nil) })
			w.read(what, s, r)
			w.wait()
			r.checkMemory(t)
		}
	}
}

// These are the kernel's send buffer size, and how much is then written. With a small buffer, the
// kernel waits for the peer's acknowledgements, for 40 ms each on Linux.
const (
	tinyBytes   = 4 << 10
	tinyVolume  = 64 << 10
	smallBuffer = 64 << 10
)

func writeToTheEnd(t T, f *Fixture) {
	for i, limit := range restLimits {
		seed := uint64(60 + 2*i)
		writeAll(t, f, Options{Limit: limit, High: limit - limit/4, Low: limit / 4}, tinyBytes, min(f.volume(), tinyVolume), seed)
		writeAll(t, f, Options{Limit: limit}, smallBuffer, f.volume(), seed+1)
	}
}

// writeAll writes size bytes to a peer over a socket with a small send buffer.
func writeAll(t T, f *Fixture, c Options, hold, size int, seed uint64) {
	t.Helper()
	s, peer := connect(t)
	if err := s.SetWriteBuffer(hold); err != nil {
		s.Close() // the first error counts
		t.Fatalf("write buffer: %v", err)
	}
	rng := seeded(seed)
	wr := &writer{
		f: f, b: f.open(t, c), tape: newTape(size, seed), rng: rng, give: pieces(rng, 2*c.Limit),
		budget: func() int { return rng.IntN(2) * (1 + rng.IntN(2*c.Limit)) },
	}
	w := newSteps(t, f)
	what := fmt.Sprintf("limit %d, seed %d", c.Limit, seed)
	w.beside(what, func() error { return receive(peer, newTape(size, seed), pieces(seeded(seed+1), 2*c.Limit)) })
	w.write(what, s, wr)
	w.wait()
	checkMemory(t, f, wr.b, size)
	t.Logf("%s: %d bytes with %d waits", what, size, wr.waits)
}

// receive reads p to its end, in pieces.
func receive(c *net.TCPConn, p *tape, size func() int) error {
	buf := make([]byte, tapePeriod)
	for {
		n, err := c.Read(buf[:min(size(), len(buf))])
		if merr := p.match(buf[:n]); merr != nil {
			return fmt.Errorf("peer's read: %w", merr)
		}
		if err == io.EOF && p.left() == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("peer's read after %d of %d bytes: %w", p.at, p.size, err)
		}
	}
}
