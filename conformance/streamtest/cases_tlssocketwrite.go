package streamtest

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/tlsconn"
	"github.com/edgewise-go/edgewise/sys"
)

// recordAlert is the type of a record with an alert. closeNotify is the content of the alert that
// ends the stream (RFC 8446, 6.1).
const recordAlert = 21

var closeNotify = []byte{1, 0}

// socketFloods is how many answers a peer requests: more than a queue holds, at more than 20 bytes
// each.
const socketFloods = 5 << 8

func tlsSocketWriteCases() []Case {
	return []Case{
		{
			ID: "tlssocket/pieces", Doc: "tlsconn.Socket.TryWrite",
			Rule: "TryWrite takes up to MaxPiece bytes, all or none. At most MinHigh bytes that the kernel refuses are queued. After that, TryWrite returns would-block.",
			Run:  in(tlsSocketPieces),
		},
		{
			ID: "tlssocket/key-update", Doc: "tlsconn",
			Rule:   "Reading continues while bytes are queued. A KeyUpdate that requests an answer is answered after them, and bytes sent after it arrive.",
			Source: "RFC 8446, 4.6.3",
			Run:    in(tlsSocketKeyUpdate),
		},
		{
			ID: "tlssocket/flood", Doc: "tlsconn.Socket.Awaits",
			Rule:   "A peer that requests answers without reading them is not read from until it has read some. Only a wait for writing is due meanwhile. Nothing is lost.",
			Source: "CVE-2019-9512 and similar ones, of HTTP/2",
			Run:    in(tlsSocketFlood),
		},
		{
			ID: "tlssocket/end", Doc: "tlsconn.Socket.CloseWrite",
			Rule: "CloseWrite sends close_notify and the end of the stream after the queued bytes. TryWrite then returns EPIPE, and reading continues, even past a KeyUpdate.",
			Run:  in(tlsSocketEnd),
		},
		{
			ID: "tlssocket/close", Doc: "tlsconn.Socket.Close",
			Rule: "Close sends close_notify and never waits. It drops what the kernel does not take, and returns ErrUnsent then. Later calls return net.ErrClosed.",
			Run:  in(tlsSocketClose),
		},
		{
			ID: "tlssocket/broken", Doc: "tlsconn.Socket.TryFlush",
			Rule: "If sending queued bytes fails, every later write returns the error and no wait for writing is due. Bytes that have arrived can still be read.",
			Run:  in(tlsSocketBroken),
		},
	}
}

// fillTLS writes from data until the kernel and the queue take no more, and returns how many bytes
// they hold.
func (w *world) fillTLS(t tlsSocket, data []byte) int {
	w.Helper()
	for at := 0; at < len(data); {
		piece := data[at:min(len(data), at+tlsconn.MaxPiece)]
		n, err := t.TryWrite(piece)
		at += n
		if q := t.Queued(); q > tlsconn.MinHigh {
			w.Fatalf("%d bytes are queued, more than %d", q, tlsconn.MinHigh)
		}
		switch {
		case err == sys.ErrWouldBlock && n == 0 && t.Awaits(sys.Writable):
			return at
		case err != nil || n != len(piece):
			w.Fatalf("TryWrite of %d bytes: %d, %v, and awaits writing: %v", len(piece), n, err, t.Awaits(sys.Writable))
		}
	}
	w.Fatalf("all %d bytes were sent to a peer that does not read", len(data))
	return 0
}

// flushTLS sends queued bytes as the peer reads.
func (w *world) flushTLS(t tlsSocket) {
	w.Helper()
	for {
		err := t.TryFlush()
		if err == nil {
			return
		}
		if err != sys.ErrWouldBlock || !t.Awaits(sys.Writable) {
			w.Fatalf("TryFlush: %v, and awaits writing: %v", err, t.Awaits(sys.Writable))
		}
		w.ready(t.Handle(), sys.PollOut)
	}
}

// readBeside reads size bytes from c on a goroutine of its own, and returns a function that waits
// for them.
func (w *world) readBeside(c net.Conn, size int) func() ([]byte, error) {
	p, done := make([]byte, size), make(chan error, 1)
	go func() {
		_, err := io.ReadFull(bounded{c, w.Patience()}, p)
		done <- err
	}()
	return func() ([]byte, error) { return p, <-done }
}

// wantReceived wants the bytes that were sent.
func (w *world) wantReceived(wait func() ([]byte, error), want []byte) {
	w.Helper()
	got, err := wait()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.Hang("%d bytes arrive at the peer", len(got))
	}
	w.check(err, "peer's read")
	if string(got) != string(want) {
		w.Fatalf("the bytes that arrived differ from those written")
	}
}

func tlsSocketPieces(w *world) {
	server, client := w.configs()
	t, c, _ := w.tlsSocket(smallBuffer, server, client, bare)
	data := w.random(tlsBulk)
	at := w.fillTLS(t, data)
	if n, err := t.TryWrite(data[at:]); n != 0 || err != sys.ErrWouldBlock {
		w.Errorf("TryWrite to a full queue: %d, %v", n, err)
	}
	got := w.readBeside(c, len(data))
	for at < len(data) {
		w.flushTLS(t)
		n, err := t.TryWrite(data[at:])
		w.check(err, "write")
		if n < tlsconn.MaxPiece && n < len(data)-at {
			w.Fatalf("%d of %d bytes were taken, with an empty queue", n, len(data)-at)
		}
		at += n
	}
	w.flushTLS(t)
	w.wantReceived(got, data)
}

func tlsSocketKeyUpdate(w *world) {
	t, c, k := w.keyedSocket(smallBuffer)
	data := w.random(tlsBulk)
	data = data[:w.fillTLS(t, data)]
	for range 3 {
		queued := t.Queued()
		w.check(k.keyUpdate(), "peer's KeyUpdate")
		w.check(k.send(recordData, []byte("up")), "peer's data")
		w.wantTryRead(t, "up")
		if t.Queued() <= queued {
			w.Errorf("no answer to a KeyUpdate was queued after %d bytes", queued)
		}
	}
	got := w.readBeside(c, len(data)+4)
	w.flushTLS(t)
	if _, err := t.TryWrite([]byte("more")); err != nil {
		w.Fatalf("write: %v", err)
	}
	w.flushTLS(t)
	w.wantReceived(got, append(data, "more"...))
}

// flood returns records that request that many answers, each followed by a byte, and then
// close_notify.
func (k *keyed) flood(answers int) ([]byte, error) {
	var all []byte
	add := func(kind byte, content []byte) error {
		r, err := k.record(kind, content)
		all = append(all, r...)
		return err
	}
	for range answers {
		if err := add(recordHandshake, keyUpdateRequest); err != nil {
			return nil, err
		}
		k.updateKey()
		if err := add(recordData, []byte("x")); err != nil {
			return nil, err
		}
	}
	return all, add(recordAlert, closeNotify)
}

func tlsSocketFlood(w *world) {
	t, _, k := w.keyedSocket(floodBuffer)
	flood, err := k.flood(socketFloods)
	w.check(err, "records")
	sent := make(chan error, 1)
	go func() {
		_, err := k.conn.Write(flood)
		sent <- err
	}()
	got, stalled, buf := 0, false, make([]byte, 64)
	for ended := false; !ended; {
		n, err := t.TryRead(buf)
		got += n
		if q := t.Queued(); q > tlsconn.MinHigh {
			w.Fatalf("%d bytes were queued for a peer that does not read", q)
		}
		switch {
		case err == nil:
		case err == io.EOF:
			ended = true
		case err != sys.ErrWouldBlock:
			w.Fatalf("TryRead: %v", err)
		case t.Awaits(sys.Readable):
			w.ready(t.Handle(), sys.PollIn)
		case !t.Awaits(sys.Writable):
			w.Fatalf("TryRead returned would-block, and no wait is due")
		case stalled:
			w.ready(t.Handle(), sys.PollOut)
		default:
			if _, err := t.TryRead(buf); err != sys.ErrWouldBlock {
				w.Fatalf("TryRead with answers that the peer does not read: %v", err)
			}
			stalled = true
			go io.Copy(io.Discard, k.conn) // crypto/tls would treat this many answers as an attack
		}
	}
	w.check(await(w, "peer's write", sent), "peer's write")
	if got != socketFloods {
		w.Errorf("%d bytes were read of %d", got, socketFloods)
	}
	if !stalled {
		w.Errorf("the peer could request %d answers without reading one", socketFloods)
	}
}

func tlsSocketEnd(w *world) {
	server, client := w.configs()
	log := &keyLog{}
	client.KeyLogWriter = log
	var seen *tail
	t, c, peer := w.tlsSocket(smallBuffer, server, client, func(under net.Conn) net.Conn {
		seen = &tail{Conn: under}
		return seen
	})
	k, err := newKeyed(c, peer, log)
	w.check(err, "keys")
	data := w.random(tlsBulk)
	data = data[:w.fillTLS(t, data)]
	if err := t.CloseWrite(); err != sys.ErrWouldBlock {
		w.Errorf("CloseWrite with a full queue: %v", err)
	}
	if n, err := t.TryWrite([]byte("x")); n != 0 || !errors.Is(err, syscall.EPIPE) {
		w.Errorf("TryWrite after CloseWrite: %d, %v, want EPIPE", n, err)
	}
	got := w.readBeside(c, len(data))
	w.flushTLS(t)
	w.wantReceived(got, data)
	if n, err := w.from(c).Read(make([]byte, 1)); n != 0 || err != io.EOF || !seen.closed() {
		w.Errorf("peer's read at the end: %d, %v, and close_notify: %v", n, err, seen.closed())
	}
	w.check(t.CloseWrite(), "second CloseWrite")
	w.check(k.keyUpdate(), "peer's KeyUpdate")
	w.check(k.send(recordData, []byte("up")), "peer's data")
	w.wantTryRead(t, "up")
	w.check(k.send(recordAlert, closeNotify), "peer's close_notify")
	if n, err := t.TryRead(make([]byte, 1)); n != 0 || err != io.EOF {
		w.Errorf("TryRead after the peer's close_notify: %d, %v", n, err)
	}
	if n, err := w.from(peer).Read(make([]byte, 1)); n != 0 || err != io.EOF {
		w.Errorf("below TLS the peer reads %d, %v", n, err)
	}
}

func tlsSocketClose(w *world) {
	server, client := w.configs()
	var seen *tail
	t, c, _ := w.tlsSocket(smallBuffer, server, client, func(under net.Conn) net.Conn {
		seen = &tail{Conn: under}
		return seen
	})
	_, err := t.TryWrite([]byte("last"))
	w.check(err, "write")
	w.check(t.Close(), "close")
	w.arrives(c, []byte("last"))
	if n, err := w.from(c).Read(make([]byte, 1)); n != 0 || err != io.EOF || !seen.closed() {
		w.Errorf("peer's read at the end: %d, %v, and close_notify: %v", n, err, seen.closed())
	}
	if err := t.Close(); !errors.Is(err, net.ErrClosed) {
		w.Errorf("second close: %v, want net.ErrClosed", err)
	}
	if _, err := t.TryRead(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		w.Errorf("TryRead after Close: %v, want net.ErrClosed", err)
	}
	if _, err := t.TryWrite([]byte("x")); !errors.Is(err, net.ErrClosed) {
		w.Errorf("TryWrite after Close: %v, want net.ErrClosed", err)
	}
	if err := t.TryFlush(); !errors.Is(err, net.ErrClosed) {
		w.Errorf("TryFlush after Close: %v, want net.ErrClosed", err)
	}
	if h := t.Handle(); h != sys.Invalid {
		w.Errorf("the handle of a closed socket is %v", h)
	}

	t, _, _ = w.tlsSocket(smallBuffer, server, client, bare)
	w.fillTLS(t, w.random(tlsBulk))
	if err := t.Close(); !errors.Is(err, stream.ErrUnsent) {
		w.Errorf("close with queued bytes: %v, want ErrUnsent", err)
	}
}

func tlsSocketBroken(w *world) {
	t, _, k := w.keyedSocket(smallBuffer)
	w.fillTLS(t, w.random(tlsBulk))
	w.check(k.send(recordData, []byte("last")), "peer's data")
	w.check(k.close(), "peer's close")
	for range 2 {
		if err := t.TryFlush(); sys.ClassOf(err) != sys.ClassDisconnected || t.Awaits(sys.Writable) {
			w.Errorf("TryFlush to a closed peer: %v, and awaits writing: %v", err, t.Awaits(sys.Writable))
		}
	}
	if n, err := t.TryWrite([]byte("x")); n != 0 || sys.ClassOf(err) != sys.ClassDisconnected {
		w.Errorf("TryWrite to a closed peer: %d, %v", n, err)
	}
	w.wantTryRead(t, "last")
	if err := t.Close(); !errors.Is(err, stream.ErrUnsent) {
		w.Errorf("close with bytes that could not be sent: %v, want ErrUnsent", err)
	}
}
