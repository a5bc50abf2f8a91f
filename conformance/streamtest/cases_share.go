package streamtest

import (
	"errors"
	"io"
	"net"
	"sync/atomic"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

const shareRule = "YieldIfSpent is called at the beginning of each operation that may wait, and each time part of one has succeeded."

func shareCases() []Case {
	const source = "a connection with a fast peer never waits, and starves the other connections of its loop"
	return []Case{
		{ID: "share/each-operation", Doc: "stream.Yielder.YieldIfSpent", Rule: shareRule, Source: source, Run: in(shareOfOperations)},
		{ID: "share/each-part", Doc: "stream.Yielder.YieldIfSpent", Rule: shareRule, Source: source, Run: in(shareOfParts)},
		{ID: "share/each-part-of-a-file", Doc: "stream.Yielder.Yield", Rule: shareRule, Source: source, Needs: []Feature{SendFile}, Run: in(shareOfAFile)},
		{
			ID: "share/canceled", Doc: "stream.Yielder",
			Rule:   "An error of YieldIfSpent ends the operation before it moves anything more.",
			Source: "a task that never waits and cannot be canceled",
			Run:    in(shareCanceled),
		},
	}
}

var errSpent = errors.New("canceled while others ran")

// sharing is a Waiter that counts calls of YieldIfSpent. If fails is set, it ends the operations
// that call it.
type sharing struct {
	stream.Waiter
	yield func(ask func() error) func() error
	asked atomic.Int64
	fails atomic.Bool
}

// share makes the operations of everything created after it call YieldIfSpent.
func (w *world) share() *sharing {
	s := &sharing{Waiter: w.f.Waiter, yield: w.f.parts.yield}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spy = newSpy(s)
	return s
}

func (s *sharing) Register(h sys.Handle) (stream.Source, error) {
	r, err := s.Waiter.Register(h)
	if err != nil {
		return nil, err
	}
	ask := func() error {
		s.asked.Add(1)
		if s.fails.Load() {
			return errSpent
		}
		return nil
	}
	if s.yield != nil {
		ask = s.yield(ask)
	}
	return &sharingSource{Source: r, ask: ask}, nil
}

type sharingSource struct {
	stream.Source
	ask func() error
}

func (r *sharingSource) YieldIfSpent() error { return r.ask() }
func (r *sharingSource) Yield() error        { return r.ask() }

func (r *sharingSource) Transfer() stream.Transfer { return transferOf(r.Source) }

func (r *sharingSource) MayBlock() bool {
	b, ok := r.Source.(stream.MayBlocker)
	return !ok || b.MayBlock()
}

// asks runs f where it may wait, and meanwhile runs here. It wants f to call YieldIfSpent at least
// that often.
func (s *sharing) asks(w *world, what string, least int64, f func() error, meanwhile func()) {
	w.Helper()
	before := s.asked.Load()
	p := call(w, what, f)
	meanwhile()
	if err := p.get(); err != nil {
		w.Errorf("%s: %v", what, err)
	}
	if got := s.asked.Load() - before; got < least {
		w.Errorf("%s: YieldIfSpent was called %d times, want %d at least", what, got, least)
	}
}

// failure is the error of an operation.
func failure[N int | int64](_ N, err error) error { return err }

func shareOfOperations(w *world) {
	s := w.share()
	c, peer := w.pair()
	_, err := io.WriteString(peer, "abc")
	w.check(err, "peer's write")
	p := make([]byte, 1)
	alone := func() {}
	s.asks(w, "three reads", 3, func() error { return errors.Join(failure(c.Read(p)), failure(c.Read(p)), failure(c.Read(p))) }, alone)
	s.asks(w, "two writes", 2, func() error { return errors.Join(failure(c.Write(p)), failure(c.Write(p))) }, alone)
	s.asks(w, "a vectored write", 1, func() error { return failure(c.Writev(&net.Buffers{p, p})) }, alone)

	l := w.listen(stream.ListenOptions{})
	w.peerOf(l)
	s.asks(w, "an accept", 1, func() error {
		a, err := l.Accept()
		if err == nil {
			w.own(a)
		}
		return err
	}, alone)

	sock, _ := w.connected()
	under, err := stream.NewConn(sock, w.spy)
	w.check(err, "new connection")
	w.own(under)
	q := stream.NewWriteQueue(under, stream.WriteQueueOptions{})
	s.asks(w, "a write to a queue, and a wait for room", 2, func() error { return errors.Join(failure(q.Write(p)), q.WaitRoom(1)) }, alone)

	d, err := stream.ListenPacket(w.spy, loopback, stream.PacketOptions{})
	w.check(err, "open datagrams")
	w.own(d)
	s.asks(w, "a datagram sent and received", 2, func() error {
		if _, err := d.WriteTo(p, d.LocalAddr()); err != nil {
			return err
		}
		_, _, err := d.ReadFrom(p)
		return err
	}, alone)
	ms := []stream.Message{{Buffer: p, Addr: d.LocalAddr().(*net.UDPAddr).AddrPort()}}
	s.asks(w, "a batch sent and received", 2, func() error {
		return errors.Join(failure(d.WriteBatch(ms)), failure(d.ReadBatch(ms)))
	}, alone)
}

func shareOfParts(w *world) {
	s := w.share()
	c, peer := w.pair()
	w.small(c)
	read := func() {
		_, err := io.ReadFull(w.from(peer), make([]byte, bulk))
		w.check(err, "peer's read")
	}
	// The kernel takes less than everything at first, without a wait.
	data := w.random(bulk)
	s.asks(w, "a long write", 2, func() error { return failure(c.Write(data)) }, read)
	s.asks(w, "a long vectored write", 2, func() error { return failure(c.Writev(&net.Buffers{data[:1], data[1:]})) }, read)

	from, sender := w.pair()
	s.asks(w, "a long copy", 4, func() error { return failure(c.ReadFrom(from)) }, func() {
		sent := make(chan error, 1)
		go func() {
			_, err := sender.Write(data)
			sent <- errors.Join(err, sender.CloseWrite())
		}()
		read()
		w.check(await(w, "sender's write", sent), "sender's write")
	})

	d, err := stream.ListenPacket(w.spy, loopback, stream.PacketOptions{})
	w.check(err, "open datagrams")
	w.own(d)
	ms := make([]stream.Message, 2*stream.MaxBatch)
	for i := range ms {
		ms[i] = stream.Message{Buffer: data[:1], Addr: d.LocalAddr().(*net.UDPAddr).AddrPort()}
	}
	s.asks(w, "a long batch", 2, func() error { return failure(d.WriteBatch(ms)) }, func() {})
}

func shareOfAFile(w *world) {
	s := w.share()
	c, peer := w.pair()
	w.small(c)
	f := w.file(w.random(bulk), 0)
	s.asks(w, "a long file", 2, func() error { return failure(c.ReadFrom(f)) }, func() {
		_, err := io.ReadFull(w.from(peer), make([]byte, bulk))
		w.check(err, "peer's read")
	})
}

func shareCanceled(w *world) {
	s := w.share()
	sock, peer := w.connected()
	c, err := w.f.parts.newConn(sock, w.spy)
	w.check(err, "new connection")
	w.own(c)
	_, err = io.WriteString(peer, "kept")
	w.check(err, "peer's write")
	w.ready(sock.Handle(), sys.PollIn)
	s.fails.Store(true)
	if r := w.read(c, 64).get(); r.n != 0 || !errors.Is(r.err, errSpent) {
		w.Errorf("read: %v, want nothing and the error", r)
	}
	if r := w.write(c, []byte("lost")).get(); r.n != 0 || !errors.Is(r.err, errSpent) {
		w.Errorf("write: %v, want nothing and the error", r)
	}
	s.fails.Store(false)
	w.expectRead(c, "kept")
	if r := w.write(c, []byte("sent")).get(); r.n != 4 || r.err != nil {
		w.Errorf("write: %v", r)
	}
	w.arrives(peer, []byte("sent"))
}
