package streamtest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// linkForm is a kind of owner of a stream.Link. An owner tries, and does not wait inside the Link.
type linkForm struct {
	name  string
	needs []Feature
	// start calls step where the owner runs, each time that the last direction is ready, until step
	// returns done. Then it calls end.
	start func(w *world, h sys.Handle, step func(HandlerTask) (wait sys.Direction, done bool), end func()) error
}

// sourceLinks are links whose owner waits with a stream.Source between the tries.
var sourceLinks = linkForm{name: "link", start: func(w *world, h sys.Handle, step func(HandlerTask) (sys.Direction, bool), end func()) error {
	source, err := w.spy.Register(h)
	if err != nil {
		return err
	}
	w.f.Go("owner of a link", func() {
		defer end()
		defer source.Close() // a failure shows in the waits
		for {
			d, done := step(source.(HandlerTask))
			if done {
				return
			}
			if err := source.Wait(d, time.Time{}); err != nil {
				w.Errorf("wait of the owner of a link: %v", err)
				return
			}
		}
	})
	return nil
}}

// handlerLinks are links of handlers.
var handlerLinks = linkForm{name: "handler-link", needs: []Feature{Handlers}, start: func(w *world, h sys.Handle, step func(HandlerTask) (sys.Direction, bool), end func()) error {
	return w.f.Handle(h, step, end)
}}

func linkCases(f linkForm) []Case {
	all := []Case{
		{
			ID: "reads", Doc: "stream.Link.TryReadv",
			Rule: "TryReadv fills the segments in order with all bytes that come, and then returns io.EOF each time. It returns sys.ErrWouldBlock while none are there.",
			Run:  f.in(linkReads),
		},
		{
			ID: "writes", Doc: "stream.Link.TryWritev",
			Rule: "TryWritev takes what there is room for, from all segments in order, and then returns sys.ErrWouldBlock. It takes the rest after a wait.",
			Run:  f.in(linkWrites),
		},
		{
			ID: "short-read", Doc: "stream.Link.ShortReadDrains",
			Rule: "If ShortReadDrains reports true after a short read, no bytes are there, and a wait without another read returns when the next come.",
			Run:  f.in(linkShortRead),
		},
		{
			ID: "close-write", Doc: "stream.Link.CloseWrite",
			Rule: "The end of the stream follows the bytes already written. Later writes fail, and reads continue.",
			Run:  f.in(linkCloseWrite),
		},
		{
			ID: "close", Doc: "stream.Link.Close",
			Rule: "Close ends the connection after the bytes already written, also while the peer does not read. Later calls return net.ErrClosed, a second Close too.",
			Run:  f.in(linkClose),
		},
		{
			ID: "reset", Doc: "stream.Link",
			Rule:  "A reset by the peer ends a wait. The next read, or a later one, returns it, and then writes fail too.",
			Needs: []Feature{ResetErrors},
			Run:   f.in(linkReset),
		},
		{
			ID: "urgent", Doc: "stream.Link.TryReadv",
			Rule:   "Urgent data hides no other bytes: each is read, in order, without a further event.",
			Source: "tcp(7): a read stops at the urgent mark",
			Needs:  []Feature{UrgentData},
			Run:    f.in(linkUrgent),
		},
	}
	for i := range all {
		all[i].ID = f.name + "/" + all[i].ID
		all[i].Needs = append(all[i].Needs, f.needs...)
	}
	return all
}

func (f linkForm) in(run func(w *world, f linkForm)) func(T, *Fixture) {
	return in(func(w *world) { run(w, f) })
}

// linked is a Link and its owner.
type linked struct {
	link
	task  HandlerTask
	waits atomic.Int64 // of the owner
	shut  bool         // by a step
	ended chan struct{}
}

// linkWaits is where a step of an owner ends.
type linkWaits struct {
	d    sys.Direction
	done bool
}

var (
	linkReadable = linkWaits{d: sys.Readable}
	linkWritable = linkWaits{d: sys.Writable}
	linkDone     = linkWaits{done: true}
)

// links starts an owner of a link, which step describes, and returns the peer. The owner closes the
// link at its end.
func (w *world) links(f linkForm, step func(l *linked) linkWaits) (*linked, *net.TCPConn) {
	w.Helper()
	s, peer := w.connected()
	w.check(s.SetWriteBuffer(smallBuffer), "write buffer")
	h := s.Handle()
	l := &linked{link: w.f.parts.newLink(&stream.Link{Socket: s}), ended: make(chan struct{})}
	w.own(l)
	err := f.start(w, h, func(task HandlerTask) (sys.Direction, bool) {
		if l.task == nil {
			l.task = task
			l.Begin(task)
		}
		next := step(l)
		if !next.done {
			l.waits.Add(1)
		}
		return next.d, next.done
	}, func() {
		err, want := l.Close(), error(nil)
		if l.shut {
			want = net.ErrClosed
		}
		if err != want {
			w.Errorf("close of a link: %v, want %v", err, want)
		}
		close(l.ended)
	})
	w.check(err, "start of the owner of a link")
	return l, peer
}

// linkEnds waits for the end of the owner.
func (w *world) linkEnds(l *linked) {
	w.Helper()
	await(w, "the owner of a link ends", l.ended)
}

// linkRests waits until the owner has waited more than n times.
func (w *world) linkRests(l *linked, n int64) {
	w.Helper()
	suite.Until(w, "the owner of a link waits", func() bool { return l.waits.Load() > n })
}

func linkReads(w *world, f linkForm) {
	var got []byte
	l, peer := w.links(f, func(l *linked) linkWaits {
		for {
			a, b := make([]byte, 2), make([]byte, 3)
			n, err := l.TryReadv([][]byte{a, nil, b})
			got = append(got, append(a, b...)[:max(n, 0)]...)
			switch err {
			case nil:
				if n == 0 {
					w.Errorf("a read returned 0, nil with room for bytes")
					return linkDone
				}
			case sys.ErrWouldBlock:
				return linkReadable
			case io.EOF:
				if n, err := l.TryRead(a); n != 0 || err != io.EOF {
					w.Errorf("a read after the end: %d, %v", n, err)
				}
				if n, err := l.TryReadv([][]byte{nil}); n != 0 || err != nil {
					w.Errorf("a read without room: %d, %v", n, err)
				}
				return linkDone
			default:
				w.Errorf("read: %v", err)
				return linkDone
			}
		}
	})
	want := w.random(bulkRoom)
	w.linkRests(l, 0)
	for p := want; len(p) > 0; {
		n, err := peer.Write(p[:min(len(p), 1+len(p)/2)])
		w.check(err, "peer's write")
		p = p[n:]
	}
	w.check(peer.CloseWrite(), "peer's end")
	w.linkEnds(l)
	if !bytes.Equal(got, want) {
		w.Errorf("a link read %d bytes, want %d; they are the first of those: %v", len(got), len(want), bytes.HasPrefix(want, got))
	}
}

func linkWrites(w *world, f linkForm) {
	data := w.random(bulk)
	rest := data
	l, peer := w.links(f, func(l *linked) linkWaits {
		for len(rest) > 0 {
			at := min(len(rest), 100)
			n, err := l.TryWritev([][]byte{rest[:at], nil, rest[at:]})
			if rest = rest[max(n, 0):]; err == sys.ErrWouldBlock {
				return linkWritable
			}
			if err != nil {
				w.Errorf("write: %v", err)
				return linkDone
			}
		}
		return linkDone
	})
	w.linkRests(l, 0)
	w.ends(peer, data)
	w.linkEnds(l)
}

// Each message is longer than the first read of it.
func linkShortRead(w *world, f linkForm) {
	const messages = 5
	const long = 3
	var got atomic.Int64
	l, peer := w.links(f, func(l *linked) linkWaits {
		for p := make([]byte, long+1); ; {
			n, err := l.TryRead(p[:long-1])
			if err == nil && n == long-1 {
				n, err = l.TryRead(p)
				n += long - 1
			}
			switch {
			case err == sys.ErrWouldBlock:
				return linkReadable
			case err != nil:
				w.Errorf("read: %v", err)
				return linkDone
			}
			if got.Add(int64(n)) == messages*long {
				return linkDone
			}
			if l.ShortReadDrains(l.task) {
				return linkReadable
			}
		}
	})
	for i := range messages {
		w.linkRests(l, int64(i))
		_, err := io.WriteString(peer, strings.Repeat("x", long))
		w.check(err, "peer's write")
		suite.Until(w, "a message is read", func() bool { return got.Load() == int64(i+1)*long })
	}
	w.linkEnds(l)
}

func linkCloseWrite(w *world, f linkForm) {
	for _, size := range []int{10, bulk} {
		data := w.random(size)
		rest, closed := data, false
		var got []byte
		l, peer := w.links(f, func(l *linked) linkWaits {
			for len(rest) > 0 {
				n, err := l.TryWrite(rest)
				if rest = rest[max(n, 0):]; err == sys.ErrWouldBlock {
					return linkWritable
				}
				if err != nil {
					w.Errorf("write: %v", err)
					return linkDone
				}
			}
			if !closed {
				closed = true
				if err := l.CloseWrite(); err != nil {
					w.Errorf("CloseWrite: %v", err)
				}
				if n, err := l.TryWrite([]byte("x")); sys.ClassOf(err) != sys.ClassDisconnected {
					w.Errorf("a write after CloseWrite: %d, %v", n, err)
				}
			}
			for p := make([]byte, 8); ; {
				n, err := l.TryRead(p)
				got = append(got, p[:max(n, 0)]...)
				switch err {
				case nil:
				case sys.ErrWouldBlock:
					return linkReadable
				case io.EOF:
					return linkDone
				default:
					w.Errorf("read: %v", err)
					return linkDone
				}
			}
		})
		w.ends(peer, data)
		_, err := io.WriteString(peer, "answer")
		w.check(err, "peer's write")
		w.check(peer.CloseWrite(), "peer's end")
		w.linkEnds(l)
		if string(got) != "answer" {
			w.Errorf("a link read %q after CloseWrite", got)
		}
	}
}

// The owner closes its link while a read waits and, much or little, bytes have not left.
func linkClose(w *world, f linkForm) {
	for _, much := range []bool{false, true} {
		data := w.random(8 * bulk) // more than a connection takes
		var taken atomic.Int64
		l, peer := w.links(f, func(l *linked) linkWaits {
			if n, err := l.TryRead(make([]byte, 1)); n != 0 || err != sys.ErrWouldBlock {
				w.Errorf("a read without bytes: %d, %v", n, err)
			}
			for _, piece := range []int{10, len(data), 100} { // the last is copied after a would-block
				for {
					rest := data[taken.Load():]
					n, err := l.TryWritev([][]byte{rest[:min(len(rest), piece)]})
					taken.Add(int64(max(n, 0)))
					if err != nil && err != sys.ErrWouldBlock {
						w.Errorf("write: %v", err)
					}
					if err != nil || piece == 10 || n == len(rest) {
						break // Windows takes everything that a write has
					}
				}
				if !much {
					break
				}
			}
			if l.shut = true; l.Close() != nil {
				w.Errorf("the first Close fails")
			}
			_, rerr := l.TryRead(make([]byte, 1))
			_, werr := l.TryWritev([][]byte{[]byte("x")})
			for _, err := range []error{rerr, werr, l.CloseWrite()} {
				if !errors.Is(err, net.ErrClosed) {
					w.Errorf("a call after Close: %v", err)
				}
			}
			return linkDone
		})
		w.linkEnds(l) // which closes once more
		w.ends(peer, data[:taken.Load()])
	}
}

func linkReset(w *world, f linkForm) {
	l, peer := w.links(f, func(l *linked) linkWaits {
		p := make([]byte, 8)
		for {
			_, err := l.TryRead(p)
			switch {
			case err == nil:
				continue
			case err == sys.ErrWouldBlock:
				return linkReadable
			case sys.ClassOf(err) != sys.ClassDisconnected:
				w.Errorf("the read of a connection that was reset: %v", err)
			}
			if n, err := l.TryRead(p); err == nil || err == sys.ErrWouldBlock {
				w.Errorf("a read after the reset: %d, %v", n, err)
			}
			if n, err := l.TryWrite(p); sys.ClassOf(err) != sys.ClassDisconnected {
				w.Errorf("a write after the reset: %d, %v", n, err)
			}
			return linkDone
		}
	})
	w.linkRests(l, 0)
	w.check(peer.SetLinger(0), "linger")
	w.check(peer.Close(), "peer's close")
	w.linkEnds(l)
}

func linkUrgent(w *world, f linkForm) {
	for _, pieces := range urgentPlans {
		want := countOf(pieces, false)
		var got []byte
		l, peer := w.links(f, func(l *linked) linkWaits {
			for p := make([]byte, urgentRoom); len(otherBytes(string(got))) < want; {
				n, err := l.TryRead(p)
				got = append(got, p[:max(n, 0)]...)
				switch {
				case err == sys.ErrWouldBlock:
					return linkReadable
				case err != nil:
					w.Errorf("read: %v", err)
					return linkDone
				case n < len(p) && len(otherBytes(string(got))) < want && l.ShortReadDrains(l.task):
					return linkReadable
				}
			}
			return linkDone
		})
		w.linkRests(l, 0)
		w.sendPieces(peer, pieces)
		w.linkEnds(l)
		w.sameBytes(string(got), pieces, false)
	}
}
