package streamtest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/tlsconn"
	"github.com/edgewise-go/edgewise/sys"
)

// tlsBulk is more than the queue and the buffers of a local socket hold, so a writer has to wait
// for its reader.
const tlsBulk = 512 << 10

// secure is the interface of *tlsconn.Conn that cases use.
type secure interface {
	net.Conn
	Handshake(ctx context.Context) error
	CloseWrite() error
	ConnectionState() tls.ConnectionState
}

func (p parts) newSecure(q *stream.WriteQueue, config *tls.Config) (secure, error) {
	if p.secure != nil {
		return p.secure(q, config)
	}
	return tlsconn.Server(q, config)
}

// secured returns the server's side of a TLS connection under test, and the socket of its peer.
func (w *world) secured(config *tls.Config) (secure, *net.UnixConn) {
	w.Helper()
	s, peer := w.local()
	return w.securedOn(w.on(s, smallBuffer), stream.DefaultWriteQueueHigh, config), peer
}

func (w *world) securedOn(c *stream.Conn, high int, config *tls.Config) secure {
	w.Helper()
	t, err := w.f.parts.newSecure(stream.NewWriteQueue(c, stream.WriteQueueOptions{High: high}), config)
	w.check(err, "new TLS connection")
	w.own(t)
	return t
}

// shake performs the handshake of both sides.
func (w *world) shake(t secure, client *tls.Conn) {
	w.Helper()
	p := call(w, "handshake", func() error { return t.Handshake(context.Background()) })
	w.shakes(client)
	w.check(p.get(), "handshake")
}

func tlsCases() []Case {
	all := []Case{
		{
			ID: "tls/duplex", Doc: "tlsconn.Conn",
			Rule:   "One task reads and one writes a shared TLS connection while the peer does the same. All bytes arrive both ways.",
			Source: "event loops on which the TLS of a reader waits for that of a writer",
			Run:    in(tlsDuplex),
		},
		{
			ID: "tls/key-update", Doc: "tlsconn",
			Rule:   "While a writer is suspended, a KeyUpdate that requests an answer gets one, and the reader continues. Bytes that both sides send after it arrive.",
			Source: "RFC 8446, 4.6.3; crypto/tls holds its write lock during the write below it",
			Run:    in(tlsKeyUpdate),
		},
		{
			ID: "tls/flood", Doc: "tlsconn.ErrFlood",
			Rule:   "A peer that requests answers without reading them does not make the queue grow past its high mark.",
			Source: "CVE-2019-9512 and similar ones, of HTTP/2",
			Run:    in(tlsFlood),
		},
		{
			ID: "tls/split", Doc: "tlsconn.Conn.Read",
			Rule: "Records may arrive byte by byte.",
			Run: in(func(w *world) {
				server, client := w.configs()
				t, peer := w.secured(server)
				c := tls.Client(dribble{peer}, client)
				w.shake(t, c)
				for _, message := range []string{"four", "more"} {
					_, err := io.WriteString(c, message)
					w.check(err, "peer's write")
					got := make([]byte, len(message))
					r := call(w, "read", func() error {
						_, err := io.ReadFull(t, got)
						return err
					})
					w.check(r.get(), "read")
					if string(got) != message {
						w.Errorf("read %q, want %q", got, message)
					}
				}
			}),
		},
		{
			ID: "tls/resumption", Doc: "tlsconn.Server",
			Rule: "Sessions are resumed and protocols negotiated as in crypto/tls.",
			Run:  in(tlsResumption),
		},
		{
			ID: "tls/close", Doc: "tlsconn.Conn.Close",
			Rule:   "Close during a Write of another task makes that Write return net.ErrClosed, and never waits. A peer that keeps reading gets close_notify before the end.",
			Source: "tls.Conn.Close sends no close_notify while a Write runs",
			Run:    in(tlsClose),
		},
		{
			ID: "tls/close-write", Doc: "tlsconn.Conn.CloseWrite",
			Rule: "CloseWrite ends the stream to the peer after all written bytes, with close_notify and below TLS. Reading continues.",
			Run:  in(tlsCloseWrite),
		},
		{
			ID: "tls/late", Doc: "tlsconn.Conn.SetWriteDeadline",
			Rule:   "A Write that reaches its deadline may be followed by another. The peer reads an intact stream.",
			Source: "tls.Conn: after a Write has timed out, the TLS state is corrupt",
			Run:    in(tlsLate),
		},
		{
			ID: "tls/busy", Doc: "tlsconn.Conn",
			Rule:  "A second reader, or a caller during the handshake, waits for its turn. If it can neither be suspended nor block, it gets ErrBusy at once.",
			Needs: []Feature{Turns},
			Run:   in(func(w *world) { tlsTurns(w, nil) }),
			Refused: in(func(w *world) {
				s, err := stream.OpenUnix()
				if errors.Is(err, errors.ErrUnsupported) {
					return // there is no pair to test with
				}
				s.Close()
				tlsTurns(w, stream.ErrBusy)
			}),
		},
	}
	for i := range all {
		// With unix-domain sockets, it is known how much the kernel takes.
		all[i].Needs = append(all[i].Needs, UnixSockets)
	}
	return all
}

func tlsDuplex(w *world) {
	server, client := w.configs()
	t, peer := w.secured(server)
	c := tls.Client(peer, client)
	w.shake(t, c)
	down, up := w.random(tlsBulk), w.random(tlsBulk)
	reader := w.readFull(t, len(up))
	writer := w.writeTo(t, down)
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(up)
		sent <- err
	}()
	w.arrives(c, down)
	w.check(await(w, "peer's write", sent), "peer's write")
	if r := writer.get(); r.n != len(down) || r.err != nil {
		w.Errorf("write: %v", r)
	}
	if r := reader.get(); r.err != nil || !bytes.Equal(r.data, up) {
		w.Errorf("%d of %d bytes were read, or they differ: %v", r.n, len(up), r.err)
	}
}

func (w *world) readFull(c net.Conn, size int) *pending[result] {
	return call(w, "read full", func() result {
		p := make([]byte, size)
		n, err := io.ReadFull(c, p)
		return result{p[:n], n, err}
	})
}

// keyedPeer performs the handshake and returns the peer's reading side and writing side.
func (w *world) keyedPeer(t secure, peer net.Conn, config *tls.Config) (*tls.Conn, *keyed) {
	w.Helper()
	log := &keyLog{}
	config.KeyLogWriter = log
	c := tls.Client(peer, config)
	w.shake(t, c)
	k, err := newKeyed(c, peer, log)
	w.check(err, "keys")
	return c, k
}

func tlsKeyUpdate(w *world) {
	server, client := w.configs()
	t, peer := w.secured(server)
	c, k := w.keyedPeer(t, peer, client)
	down := w.random(tlsBulk)
	n := w.waits(sys.Writable)
	writer := w.writeTo(t, down)
	w.waiting(sys.Writable, n)
	for range 3 {
		w.check(k.keyUpdate(), "peer's KeyUpdate")
		w.check(k.send(recordData, []byte("up")), "peer's data")
		if r := w.readFull(t, 2).get(); string(r.data) != "up" || r.err != nil {
			w.Fatalf("read after a KeyUpdate, with a suspended writer: %v", r)
		}
	}
	// The answers change the key in the middle of what is written.
	w.arrives(c, down)
	if r := writer.get(); r.n != len(down) || r.err != nil {
		w.Errorf("write: %v", r)
	}
	w.check(w.writeTo(t, []byte("more")).get().err, "write")
	w.arrives(c, []byte("more"))
}

// floods is how many answers a peer requests: far more than a queue and a socket with a buffer of
// floodBuffer hold together.
const (
	floods      = 1 << 12
	floodBuffer = 4 << 10
)

func tlsFlood(w *world) {
	server, client := w.configs()
	s, peer := w.local()
	t := w.securedOn(w.on(s, floodBuffer), tlsconn.MinHigh, server)
	_, k := w.keyedPeer(t, peer, client)
	sent := make(chan error, 1)
	go func() {
		var batch []byte
		for i := range floods {
			for _, message := range []struct {
				kind    byte
				content []byte
			}{{recordHandshake, keyUpdateRequest}, {recordData, []byte("x")}} {
				r, err := k.record(message.kind, message.content)
				if err != nil {
					sent <- err
					return
				}
				if batch = append(batch, r...); message.kind == recordHandshake {
					k.updateKey()
				}
			}
			if i%64 == 0 {
				if _, err := peer.Write(batch); err != nil {
					sent <- err
					return
				}
				batch = batch[:0]
			}
		}
		sent <- nil
		peer.CloseWrite()
	}()
	type flooded struct {
		err  error
		most int
	}
	p := call(w, "read", func() flooded {
		var f flooded
		buf := make([]byte, 64)
		for f.err == nil {
			_, f.err = t.Read(buf)
			if q, ok := t.(interface{ Queue() *stream.WriteQueue }); ok {
				f.most = max(f.most, q.Queue().Queued())
			}
		}
		t.Close() // the peer is cut off, and stops sending
		return f
	})
	f := p.get()
	if f.most > tlsconn.MinHigh {
		w.Errorf("%d bytes were queued for a peer that does not read", f.most)
	}
	if f.err == io.EOF {
		w.Errorf("the flood ended the stream without an error")
	}
	if err := await(w, "the end of the peer's writes", sent); err == nil {
		w.Errorf("the peer could request %d answers without reading one", floods)
	}
}

func tlsResumption(w *world) {
	server, client := w.configs()
	server.NextProtos, client.NextProtos = []string{"edge/2", "edge/1"}, []string{"edge/1"}
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for _, resumed := range []bool{false, true} {
		t, peer := w.secured(server)
		c := tls.Client(peer, client)
		w.shake(t, c)
		for _, s := range []tls.ConnectionState{t.ConnectionState(), c.ConnectionState()} {
			if s.NegotiatedProtocol != "edge/1" || s.DidResume != resumed {
				w.Errorf("protocol %q, resumed %v, want edge/1 and %v", s.NegotiatedProtocol, s.DidResume, resumed)
			}
		}
		// The client reads its ticket together with the data.
		w.check(w.writeTo(t, []byte("data")).get().err, "write")
		w.arrives(c, []byte("data"))
	}
}

func tlsClose(w *world) {
	server, client := w.configs()
	t, peer := w.secured(server)
	seen := &tail{Conn: peer}
	c := tls.Client(seen, client)
	w.shake(t, c)
	q, ok := t.(interface{ Queue() *stream.WriteQueue })
	var run *pending[error]
	if ok {
		run = w.running(q.Queue())
	}
	data := w.random(2 * tlsBulk)
	n := w.waits(sys.Writable)
	writer := w.writeTo(t, data)
	w.waiting(sys.Writable, n)
	w.check(t.Close(), "close")
	r := writer.get()
	if !errors.Is(r.err, net.ErrClosed) || r.n == len(data) {
		w.Errorf("write that was suspended: %v", r)
	}
	got, err := io.ReadAll(w.from(c))
	if err != nil || !bytes.HasPrefix(data, got) || !seen.closed() {
		w.Errorf("peer read %d bytes, of %d that were taken, and then %v: want close_notify", len(got), r.n, err)
	}
	if ok {
		w.check(run.get(), "run")
	}
}

func tlsCloseWrite(w *world) {
	server, client := w.configs()
	t, peer := w.secured(server)
	c := tls.Client(peer, client)
	w.shake(t, c)
	data := w.random(tlsBulk / 2)
	p := call(w, "write and close", func() error {
		if _, err := t.Write(data); err != nil {
			return err
		}
		return t.CloseWrite()
	})
	w.ends(c, data)
	w.check(p.get(), "write and close")
	// The stream has also ended below TLS.
	if n, err := w.from(peer).Read(make([]byte, 1)); n != 0 || err != io.EOF {
		w.Errorf("below TLS the peer reads %d, %v", n, err)
	}
	go func() {
		c.Write(data)
		c.CloseWrite()
	}()
	got := call(w, "read all", func() result {
		p, err := io.ReadAll(t)
		return result{p, len(p), err}
	}).get()
	if got.err != nil || !bytes.Equal(got.data, data) {
		w.Errorf("%d of %d bytes were read, or they differ: %v", got.n, len(data), got.err)
	}
}

func tlsLate(w *world) {
	server, client := w.configs()
	t, peer := w.secured(server)
	c := tls.Client(peer, client)
	w.shake(t, c)
	data := w.random(tlsBulk)
	n := w.waits(sys.Writable)
	writer := w.writeTo(t, data)
	w.waiting(sys.Writable, n)
	w.check(t.SetWriteDeadline(time.Unix(1, 0)), "set deadline")
	late := writer.get()
	w.expectErrorOn("unix", late.err, os.ErrDeadlineExceeded, "write")
	w.check(t.SetWriteDeadline(time.Time{}), "clear deadline")
	p := w.writeTo(t, data[late.n:])
	w.arrives(c, data)
	w.check(p.get().err, "write the rest")
}

func tlsTurns(w *world, want error) {
	server, client := w.configs()
	t, peer := w.secured(server)
	n := w.waits(sys.Readable)
	first := w.readFull(t, 3)
	w.waiting(sys.Readable, n) // during the handshake
	second := w.writeTo(t, []byte("other"))
	if want != nil {
		if r := second.get(); !errors.Is(r.err, want) {
			w.Fatalf("write during the handshake: %v, want %v", r, want)
		}
	}
	c := tls.Client(peer, client)
	_, err := io.WriteString(c, "one")
	w.check(err, "peer's write")
	if r := first.get(); string(r.data) != "one" || r.err != nil {
		w.Errorf("read: %v", r)
	}
	if want == nil {
		w.check(second.get().err, "write that waited for the handshake")
		w.arrives(c, []byte("other"))
	}
	n = w.waits(sys.Readable)
	first = w.readFull(t, 3)
	w.waiting(sys.Readable, n)
	second = w.readFull(t, 3)
	if want != nil {
		if r := second.get(); !errors.Is(r.err, want) {
			w.Fatalf("second reader: %v, want %v", r, want)
		}
	}
	_, err = io.WriteString(c, "two")
	w.check(err, "peer's write")
	if want == nil {
		_, err = io.WriteString(c, "two")
		w.check(err, "peer's write")
		w.check(second.get().err, "second reader")
	}
	if r := first.get(); string(r.data) != "two" || r.err != nil {
		w.Errorf("read: %v", r)
	}
}
