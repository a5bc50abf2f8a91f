package streamtest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"time"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

func transferrerCases() []Case {
	all := []Case{
		{
			ID: "transfer/reads", Doc: "stream.Transfer",
			Rule: "A read returns sys.ErrWouldBlock, after which Wait returns when bytes have come. It returns all bytes in order, then io.EOF each time, and 0, nil without room.",
			Run:  in(transferReads),
		},
		{
			ID: "transfer/drained", Doc: "stream.Transfer",
			Rule: "Drained reports false while a read would return bytes. While it reports true, Wait without another read returns when the next bytes have come.",
			Run:  in(transferDrained),
		},
		{
			ID: "transfer/want", Doc: "stream.Transfer",
			Rule: "After Want, Wait in its direction returns when the direction is worth trying, although no try would block before. Want reports true if it is so already.",
			Run:  in(transferWant),
		},
		{
			ID: "transfer/sync", Doc: "stream.Transfer",
			Rule: "Sync passes all bytes that were taken to the kernel: what the caller writes by other means follows them.",
			Run:  in(transferSync),
		},
		{
			ID: "transfer/stop", Doc: "stream.Transfer",
			Rule: "Stop ends the transfer. Its caller waits in either direction. What has arrived is read first, then the bytes of the handle.",
			Run:  in(transferStop),
		},
		{
			ID: "transfer/stop-sends", Doc: "stream.Transfer",
			Rule:   "Bytes that were taken leave at once when Stop is called, if the kernel has room, even if the caller then blocks the thread of its loop.",
			Source: "net/rpc: a call in a task waits for a goroutine that reads the connection of the task",
			Run:    in(transferStopSends),
		},
		{
			ID: "transfer/release", Doc: "stream.Transfer",
			Rule: "Release reports false while bytes are unread, which Unread reports. It returns the handle of a transfer that has stopped, also after the end of the stream.",
			Run:  in(transferRelease),
		},
		{
			ID: "transfer/close-write", Doc: "stream.Link.CloseWrite",
			Rule: "The end of the stream follows the bytes already written. Later writes fail, and reads continue.",
			Run:  in(transferCloseWrite),
		},
		{
			ID: "transfer/close", Doc: "stream.Transfer",
			Rule: "Close closes the handle when the bytes that were taken have left, also those that the peer takes late.",
			Run:  in(transferClose),
		},
		{
			ID: "transfer/close-unread", Doc: "stream.Socket.Close",
			Rule: "If bytes are unread, Close resets the connection, wherever the bytes are.",
			Run:  in(transferCloseUnread),
		},
		{
			ID: "transfer/scarce", Doc: "stream.Transferrer",
			Rule: "Connections that do not read what they have hold up no other one. Each gets all its bytes when it reads.",
			Run:  in(transferScarce),
		},
		{
			ID: "transfer/bulk", Doc: "stream.Conn.Read",
			Rule:   "Much arrives at several connections, in reads that are smaller than what is there. All bytes come in order. A connection that is not read holds up its peer, and no bytes pile up.",
			Source: "WSARecv completes with what fits, and the rest waits in the socket",
			Run:    in(transferBulk),
		},
	}
	for i := range all {
		all[i].Needs = append(all[i].Needs, Transfers)
	}
	return all
}

// moved is a Transfer and its Source.
type moved struct {
	stream.Transfer
	source stream.Source
	handle sys.Handle
}

// Close closes the source and the handle, if the case has not done so.
func (m *moved) Close() error {
	err := m.source.Close()
	m.Transfer.Close()
	return err
}

// moving returns a transfer and its peer.
func (w *world) moving() (*moved, *net.TCPConn) {
	w.Helper()
	s, peer := w.connected()
	w.check(s.SetWriteBuffer(smallBuffer), "write buffer")
	h, err := s.Release()
	w.check(err, "release of a socket")
	source, err := w.spy.Register(h)
	w.check(err, "register")
	t := source.(stream.Transferrer).Transfer()
	if t == nil {
		w.Fatalf("the source offers no Transfer, although the target claims it")
	}
	if w.f.parts.transfer != nil {
		t = w.f.parts.transfer(t)
	}
	m := &moved{t, source, h}
	w.own(m)
	return m, peer
}

// waitFor calls Wait.
func (w *world) waitFor(m *moved, d sys.Direction) *pending[error] {
	return call(w, "wait of a transfer for "+d.String(), func() error { return m.source.Wait(d, time.Time{}) })
}

// takes reads n bytes, or until an error, where it may wait.
func (w *world) takes(m *moved, n int) result {
	w.Helper()
	return call(w, "reads of a transfer", func() result {
		p := make([]byte, n)
		got := 0
		for got < n {
			k, err := m.TryRead(p[got:])
			if got += k; err == sys.ErrWouldBlock {
				err = m.source.Wait(sys.Readable, time.Time{})
			}
			if err != nil {
				return result{p[:got], got, err}
			}
		}
		return result{p, got, nil}
	}).get()
}

// stopped calls Stop, and waits in direction d until the transfer has ended.
func (w *world) stopped(m *moved, d sys.Direction) *pending[error] {
	return call(w, "end of a transfer", func() error {
		for !m.Stop() {
			if err := m.source.Wait(d, time.Time{}); err != nil {
				return err
			}
		}
		return nil
	})
}

// fills writes until the transfer takes no more, and returns what it took.
func (w *world) fills(m *moved) []byte {
	w.Helper()
	data := w.random(8 * bulk)
	for sent := 0; ; {
		n, err := m.TryWrite(data[sent:])
		if sent += n; err == sys.ErrWouldBlock {
			return data[:sent]
		}
		w.check(err, "write")
		if sent == len(data) {
			w.Fatalf("the transfer takes %d bytes, which the peer does not read", sent)
		}
	}
}

func transferReads(w *world) {
	m, peer := w.moving()
	for _, text := range []string{"one", "two"} {
		if n, err := m.TryRead(make([]byte, 8)); n != 0 || err != sys.ErrWouldBlock {
			w.Fatalf("read without bytes: %d, %v", n, err)
		}
		p := w.waitFor(m, sys.Readable)
		_, err := io.WriteString(peer, text)
		w.check(err, "peer's write")
		w.check(p.get(), "wait")
		if got := w.takes(m, len(text)); string(got.data) != text {
			w.Fatalf("read: %v, want %q", got, text)
		}
	}
	_, err := io.WriteString(peer, "last")
	w.check(err, "peer's write")
	w.check(peer.CloseWrite(), "peer's end")
	if got := w.takes(m, 64); string(got.data) != "last" || got.err != io.EOF {
		w.Fatalf("read: %v, want %q and the end", got, "last")
	}
	for _, p := range [][]byte{make([]byte, 1), nil, make([]byte, 1)} {
		want := io.EOF
		if len(p) == 0 {
			want = nil
		}
		if n, err := m.TryRead(p); n != 0 || err != want {
			w.Errorf("read into %d bytes at the end: %d, %v, want %v", len(p), n, err, want)
		}
	}
}

func transferDrained(w *world) {
	m, peer := w.moving()
	for range 3 {
		_, err := io.WriteString(peer, "abc")
		w.check(err, "peer's write")
		if got := w.takes(m, 1); got.err != nil {
			w.Fatalf("read: %v", got)
		}
		if m.Unread() && m.Drained() {
			w.Errorf("Drained reports true while bytes are unread")
		}
		if got := w.takes(m, 2); string(got.data) != "bc" {
			w.Fatalf("read: %v", got)
		}
		if !m.Drained() {
			continue // that is legal: the reader tries once more
		}
		p := w.waitFor(m, sys.Readable)
		_, err = io.WriteString(peer, "d")
		w.check(err, "peer's write")
		w.check(p.get(), "wait after Drained")
		if got := w.takes(m, 1); string(got.data) != "d" {
			w.Fatalf("read: %v", got)
		}
	}
}

func transferWant(w *world) {
	m, peer := w.moving()
	for range 2 {
		if m.Want(sys.Readable) {
			w.Errorf("Want reports that an idle connection is worth reading")
		}
		p := w.waitFor(m, sys.Readable)
		_, err := io.WriteString(peer, "a")
		w.check(err, "peer's write")
		w.check(p.get(), "wait after Want")
		if !m.Want(sys.Readable) {
			// The bytes may still be at the handle; then an event follows.
			w.check(w.waitFor(m, sys.Readable).get(), "wait after Want for what is there")
		}
		if got := w.takes(m, 1); string(got.data) != "a" {
			w.Fatalf("read: %v", got)
		}
	}
	suite.Until(w, "the kernel has what was written", m.Sync)
	var data []byte
	for p := w.random(smallBuffer); ; data = append(data, p...) {
		n, err := sys.Send(m.handle, p)
		if p = p[:max(n, 0)]; err == sys.ErrWouldBlock {
			break
		}
		w.check(err, "send")
	}
	m.Want(sys.Writable)
	p := w.waitFor(m, sys.Writable)
	w.arrives(peer, data)
	w.check(p.get(), "wait for room after Want")

	// A Conn wants what WaitRead waits for.
	c, peer := w.pair()
	n := w.waits(sys.Readable)
	r := call(w, "wait without a read", c.WaitRead)
	w.waiting(sys.Readable, n)
	_, err := io.WriteString(peer, "a")
	w.check(err, "peer's write")
	w.check(r.get(), "wait without a read")
	w.expectRead(c, "a")
}

func transferSync(w *world) {
	m, peer := w.moving()
	type done struct {
		synced bool
		err    error
	}
	for range 10 {
		got := call(w, "write, sync and send", func() done {
			if _, err := m.TryWrite([]byte("taken,")); err != nil {
				return done{false, err}
			}
			for !m.Sync() {
				if err := m.source.Wait(sys.Writable, time.Time{}); err != nil {
					return done{false, err}
				}
			}
			_, err := sys.Send(m.handle, []byte("sent;"))
			return done{true, err}
		}).get()
		w.check(got.err, "write, sync and send")
		w.arrives(peer, []byte("taken,sent;"))
	}
	data := w.fills(m)
	p := call(w, "sync of much", func() error {
		for !m.Sync() {
			if err := m.source.Wait(sys.Writable, time.Time{}); err != nil {
				return err
			}
		}
		return nil
	})
	w.arrives(peer, data)
	w.check(p.get(), "sync of much")
}

func transferStop(w *world) {
	for _, d := range []sys.Direction{sys.Readable, sys.Writable} {
		m, peer := w.moving()
		if n, err := m.TryRead(make([]byte, 8)); n != 0 || err != sys.ErrWouldBlock {
			w.Fatalf("read without bytes: %d, %v", n, err)
		}
		data := w.fills(m)
		p := w.stopped(m, d)
		_, err := io.WriteString(peer, "early")
		w.check(err, "peer's write")
		w.arrives(peer, data)
		w.check(p.get(), "end of a transfer with writes in flight")
		_, err = io.WriteString(peer, "late")
		w.check(err, "peer's write")
		if got := w.takes(m, len("earlylate")); string(got.data) != "earlylate" || got.err != nil {
			w.Fatalf("read after the end of the transfer: %v", got)
		}
		if n, err := m.TryWrite([]byte("written")); n != len("written") || err != nil {
			w.Fatalf("write after the end of the transfer: %d, %v", n, err)
		}
		w.arrives(peer, []byte("written"))
		w.handedBack(m)
	}
}

func transferStopSends(w *world) {
	for _, ends := range []bool{false, true} {
		m, peer := w.moving()
		data := []byte("taken")
		got := call(w, "write, stop and read by the peer in one turn", func() result {
			if _, err := m.TryWrite(data); err != nil {
				return result{err: err}
			}
			if ends {
				if err := m.CloseWrite(); err != nil {
					return result{err: err}
				}
			}
			m.Stop()
			p := make([]byte, len(data))
			n, err := io.ReadFull(peer, p)
			if err == nil && ends {
				_, err = io.ReadFull(peer, make([]byte, 1))
			}
			return result{p, n, err}
		}).get()
		want := error(nil)
		if ends {
			want = io.EOF
		}
		if !bytes.Equal(got.data, data) || got.err != want {
			w.Errorf("ended %v: the peer read %v, want %q and then %v", ends, got, data, want)
		}
	}
}

// handedBack wants a transfer that has stopped to return its handle, and closes that.
func (w *world) handedBack(m *moved) {
	w.Helper()
	w.check(m.source.Close(), "close of a source")
	if !m.Release() {
		w.Fatalf("Release reports false after the transfer has stopped, with unread bytes: %v", m.Unread())
	}
	w.check(sys.Close(m.handle), "close of the released handle")
}

func transferRelease(w *world) {
	m, peer := w.moving()
	if m.Release() {
		w.Fatalf("Release reports true before Stop")
	}
	if n, err := m.TryRead(make([]byte, 8)); n != 0 || err != sys.ErrWouldBlock {
		w.Fatalf("read without bytes: %d, %v", n, err)
	}
	p := w.waitFor(m, sys.Readable)
	_, err := io.WriteString(peer, "unread")
	w.check(err, "peer's write")
	w.check(p.get(), "wait")
	w.check(w.stopped(m, sys.Readable).get(), "stop")
	if m.Unread() && m.Release() {
		w.Fatalf("Release reports true while bytes are unread")
	}
	if got := w.takes(m, len("unread")); string(got.data) != "unread" {
		w.Fatalf("read: %v", got)
	}
	if m.Unread() {
		w.Errorf("Unread reports true after all has been read")
	}
	w.handedBack(m)

	m, peer = w.moving()
	w.check(peer.CloseWrite(), "peer's end")
	if got := w.takes(m, 1); got.n != 0 || got.err != io.EOF {
		w.Fatalf("read: %v, want the end", got)
	}
	w.check(w.stopped(m, sys.Readable).get(), "stop after the end")
	w.handedBack(m)
}

// writes writes to m before its end: a little, or as much as m takes. It returns the bytes.
func (w *world) writes(m *moved, much bool) []byte {
	w.Helper()
	if much {
		return w.fills(m)
	}
	data := []byte("before the end")
	_, err := m.TryWrite(data)
	w.check(err, "write")
	return data
}

func transferCloseWrite(w *world) {
	for _, much := range []bool{false, true} {
		m, peer := w.moving()
		data := w.writes(m, much)
		w.check(m.CloseWrite(), "close write")
		if n, err := m.TryWrite([]byte("after")); n != 0 || err == nil || err == sys.ErrWouldBlock {
			w.Errorf("write after CloseWrite: %d, %v", n, err)
		}
		w.ends(peer, data)
		_, err := io.WriteString(peer, "answer")
		w.check(err, "peer's write")
		if got := w.takes(m, len("answer")); string(got.data) != "answer" {
			w.Fatalf("read after CloseWrite: %v", got)
		}
	}
}

func transferClose(w *world) {
	for _, much := range []bool{false, true} {
		m, peer := w.moving()
		data := w.writes(m, much)
		w.check(m.Close(), "close")
		if _, err := m.TryRead(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			w.Errorf("read after Close: %v", err)
		}
		if _, err := m.TryWrite([]byte("a")); !errors.Is(err, net.ErrClosed) {
			w.Errorf("write after Close: %v", err)
		}
		w.ends(peer, data)
	}
}

func transferCloseUnread(w *world) {
	m, peer := w.moving()
	if n, err := m.TryRead(make([]byte, 8)); n != 0 || err != sys.ErrWouldBlock {
		w.Fatalf("read without bytes: %d, %v", n, err)
	}
	p := w.waitFor(m, sys.Readable)
	_, err := io.WriteString(peer, "unread")
	w.check(err, "peer's write")
	w.check(p.get(), "wait")
	w.check(m.Close(), "close")
	if n, err := w.from(peer).Read(make([]byte, 1)); n != 0 || !errors.Is(err, errReset) {
		w.Errorf("peer's read: %d, %v, want a reset", n, err)
	}
}

// These make connections hold more than a mechanism has memory for, if it has 4 MiB.
const (
	scarceConns = 80
	scarceBytes = 96 << 10
)

func transferScarce(w *world) {
	data := w.random(scarceBytes)
	var all []*moved
	var sent []chan error
	for range scarceConns {
		m, peer := w.moving()
		if n, err := m.TryRead(make([]byte, 8)); n != 0 || err != sys.ErrWouldBlock {
			w.Fatalf("read without bytes: %d, %v", n, err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := peer.Write(data)
			done <- err
		}()
		all, sent = append(all, m), append(sent, done)
	}
	// The last ones are read while all others hold what they can.
	for i := len(all) - 1; i >= 0; i-- {
		if got := w.takes(all[i], len(data)); !bytes.Equal(got.data, data) {
			w.Fatalf("connection %d: %d of %d bytes came, or they differ: %v", i, got.n, len(data), got.err)
		}
		w.check(await(w, "peer's write", sent[i]), "peer's write")
	}
}
