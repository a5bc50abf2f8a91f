package streamtest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/tlsconn"
	"github.com/edgewise-go/edgewise/sys"
)

// tlsSocket is the interface of *tlsconn.Socket that cases use.
type tlsSocket interface {
	TryRead(p []byte) (int, error)
	TryWrite(p []byte) (int, error)
	TryFlush() error
	CloseWrite() error
	Close() error
	Awaits(d sys.Direction) bool
	Queued() int
	Handle() sys.Handle
	ConnectionState() tls.ConnectionState
}

// tlsShake is tlsconn.ServerSocket or tlsconn.ClientSocket.
type tlsShake func(ctx context.Context, c *stream.Conn, config *tls.Config) (*tlsconn.Socket, error)

func (p parts) newTLSSocket(ctx context.Context, shake tlsShake, c *stream.Conn, config *tls.Config) (tlsSocket, error) {
	if p.tlsSocket != nil {
		return p.tlsSocket(ctx, shake, c, config)
	}
	s, err := shake(ctx, c, config)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// shaken is the result of a handshake.
type shaken struct {
	socket tlsSocket
	err    error
}

func (w *world) shakeSocket(ctx context.Context, shake tlsShake, c *stream.Conn, config *tls.Config) *pending[shaken] {
	return call(w, "handshake", func() shaken {
		s, err := w.f.parts.newTLSSocket(ctx, shake, c, config)
		return shaken{s, err}
	})
}

// tlsSocket returns the server's side of a connection after the handshake, and its peer. The kernel
// takes little from the server per call.
func (w *world) tlsSocket(buffer int, server, client *tls.Config, over func(net.Conn) net.Conn) (tlsSocket, *tls.Conn, *net.UnixConn) {
	w.Helper()
	s, peer := w.local()
	p := w.shakeSocket(context.Background(), tlsconn.ServerSocket, w.on(s, buffer), server)
	c := tls.Client(over(peer), client)
	w.shakes(c)
	r := p.get()
	w.check(r.err, "handshake")
	w.ownTLS(r.socket)
	return r.socket, c, peer
}

// ownTLS closes s when the case ends, except when it hangs: only one goroutine may use s. The end
// of the peer ends a hang.
func (w *world) ownTLS(s tlsSocket) { w.Cleanup(func() { s.Close() }) }

func bare(c net.Conn) net.Conn { return c }

// keyedSocket returns the server's side of a connection, and its peer's reading and writing sides.
func (w *world) keyedSocket(buffer int) (tlsSocket, *tls.Conn, *keyed) {
	w.Helper()
	server, client := w.configs()
	log := &keyLog{}
	client.KeyLogWriter = log
	t, c, peer := w.tlsSocket(buffer, server, client, bare)
	k, err := newKeyed(c, peer, log)
	w.check(err, "keys")
	return t, c, k
}

// wantBlocked ends the case unless err reports that a read found nothing.
func (w *world) wantBlocked(t tlsSocket, n int, err error) {
	w.Helper()
	if n != 0 || err != sys.ErrWouldBlock || !t.Awaits(sys.Readable) {
		w.Fatalf("TryRead without data: %d, %v, and awaits reading: %v", n, err, t.Awaits(sys.Readable))
	}
}

// wantTryRead reads once and wants exactly these bytes.
func (w *world) wantTryRead(t tlsSocket, want string) {
	w.Helper()
	buf := make([]byte, 64)
	if n, err := t.TryRead(buf); string(buf[:n]) != want || err != nil || t.Awaits(sys.Readable) {
		w.Fatalf("TryRead: %q, %v, and awaits reading: %v; want %q, and no wait", buf[:n], err, t.Awaits(sys.Readable), want)
	}
}

func tlsSocketCases() []Case {
	all := []Case{
		{
			ID: "tlssocket/split", Doc: "tlsconn",
			Rule:   "A record may be cut anywhere, and a KeyUpdate may span records. TryRead returns would-block until the message is complete, and loses nothing.",
			Source: "crypto/tls keeps its state across temporary errors of the underlying connection",
			Run:    in(tlsSocketSplit),
		},
		{
			ID: "tlssocket/left", Doc: "tlsconn.Socket.TryRead",
			Rule: "TryRead returns would-block only if neither decrypted bytes nor complete records are left. Until then, no wait for reading is due.",
			Run:  in(tlsSocketLeft),
		},
		{
			ID: "tlssocket/ahead", Doc: "tlsconn.Socket.TryRead",
			Rule:   "Bytes never come with an error. The next call reports that the following record is invalid or incomplete.",
			Source: "crypto/tls looks for a close_notify after the data that it returns",
			Run:    in(tlsSocketAhead),
		},
		{
			ID: "tlssocket/cut", Doc: "tlsconn.Socket.TryRead",
			Rule: "Every read of a stream that ends inside a record returns io.ErrUnexpectedEOF.",
			Run: in(func(w *world) {
				t, _, k := w.keyedSocket(smallBuffer)
				r, err := k.record(recordData, []byte("data"))
				w.check(err, "record")
				_, err = k.conn.Write(r[:len(r)-1])
				w.check(err, "peer's write")
				n, err := t.TryRead(make([]byte, 64))
				w.wantBlocked(t, n, err)
				w.check(k.close(), "peer's close")
				for range 2 {
					if n, err := t.TryRead(make([]byte, 64)); n != 0 || err != io.ErrUnexpectedEOF {
						w.Errorf("TryRead after the end: %d, %v", n, err)
					}
				}
			}),
		},
		{
			ID: "tlssocket/handover", Doc: "tlsconn.ServerSocket",
			Rule: "The handshake ends the registration, and loses no byte that came with its last message.",
			Run:  in(tlsSocketHandover),
		},
		{
			ID: "tlssocket/handshake", Doc: "tlsconn.ServerSocket",
			Rule: "A handshake ends at the deadline, or with the context, which closes the connection. If it fails, the connection remains the caller's.",
			Run:  in(tlsSocketHandshake),
		},
		{
			ID: "tlssocket/resumption", Doc: "tlsconn.ServerSocket",
			Rule: "Servers and clients resume sessions and negotiate protocols as in crypto/tls. Tickets come between data.",
			Run:  in(tlsSocketResumption),
		},
	}
	all = append(all, tlsSocketWriteCases()...)
	for i := range all {
		// With unix-domain sockets, it is known how much the kernel takes, and written bytes can be
		// read at once.
		all[i].Needs = append(all[i].Needs, UnixSockets)
	}
	return all
}

func tlsSocketSplit(w *world) {
	t, c, k := w.keyedSocket(smallBuffer)
	var sent []byte
	for _, r := range []struct {
		kind    byte
		content []byte
	}{{recordData, []byte("four")}, {recordHandshake, keyUpdateRequest[:2]}, {recordHandshake, keyUpdateRequest[2:]}, {recordData, []byte("more")}} {
		record, err := k.record(r.kind, r.content)
		w.check(err, "record")
		sent = append(sent, record...)
		if len(r.content) == len(keyUpdateRequest)-2 && r.kind == recordHandshake {
			k.updateKey()
		}
	}
	got, buf := "", make([]byte, 64)
	for i := range sent {
		_, err := k.conn.Write(sent[i : i+1])
		w.check(err, "peer's write")
		n, err := t.TryRead(buf)
		if got += string(buf[:n]); err == nil {
			continue
		}
		w.wantBlocked(t, n, err)
	}
	if got != "fourmore" {
		w.Errorf("read %q, want %q", got, "fourmore")
	}
	if _, err := t.TryWrite([]byte("down")); err != nil {
		w.Fatalf("write after the answer: %v", err)
	}
	w.arrives(c, []byte("down"))
}

func tlsSocketLeft(w *world) {
	t, _, k := w.keyedSocket(smallBuffer)
	var sent []byte
	for _, s := range []string{"abcdef", "g", "hij"} {
		r, err := k.record(recordData, []byte(s))
		w.check(err, "record")
		sent = append(sent, r...)
	}
	_, err := k.conn.Write(sent)
	w.check(err, "peer's write")
	got, buf := "", make([]byte, 4)
	for {
		n, err := t.TryRead(buf)
		got += string(buf[:n])
		if err != nil {
			w.wantBlocked(t, n, err)
			break
		}
		if t.Awaits(sys.Readable) {
			w.Errorf("a wait for reading is due after %d bytes, with more bytes to read", n)
		}
	}
	if got != "abcdefghij" {
		w.Errorf("read %q, want %q", got, "abcdefghij")
	}
}

// held is a connection that keeps what is written to it after the first few writes.
type held struct {
	net.Conn
	pass int // writes that pass through
	kept []byte
}

func (h *held) Write(p []byte) (int, error) {
	if h.pass > 0 {
		h.pass--
		return h.Conn.Write(p)
	}
	h.kept = append(h.kept, p...)
	return len(p), nil
}

func tlsSocketAhead(w *world) {
	for _, cut := range []int{0, 3} {
		server, client := w.configs()
		client.MaxVersion = tls.VersionTLS12 // where a record with an alert can be distinguished
		hold := &held{pass: math.MaxInt}
		t, c, peer := w.tlsSocket(smallBuffer, server, client, func(under net.Conn) net.Conn {
			hold.Conn = under
			return hold
		})
		hold.pass = 0
		_, err := io.WriteString(c, "data")
		w.check(err, "peer's write")
		w.check(c.CloseWrite(), "peer's close_notify")
		w.check(peer.SetWriteDeadline(time.Time{}), "peer's deadline") // close_notify leaves one
		_, err = peer.Write(hold.kept[:len(hold.kept)-cut])
		w.check(err, "peer's write")
		w.wantTryRead(t, "data")
		if cut > 0 {
			n, err := t.TryRead(make([]byte, 64))
			w.wantBlocked(t, n, err)
			_, err = peer.Write(hold.kept[len(hold.kept)-cut:])
			w.check(err, "peer's write")
		}
		for range 2 {
			if n, err := t.TryRead(make([]byte, 64)); n != 0 || err != io.EOF {
				w.Errorf("TryRead after close_notify: %d, %v", n, err)
			}
		}
	}
}

func tlsSocketHandover(w *world) {
	server, client := w.configs()
	before := w.spy.open.Load()
	s, peer := w.local()
	c := w.on(s, smallBuffer)
	p := w.shakeSocket(context.Background(), tlsconn.ServerSocket, c, server)
	hold := &held{Conn: peer, pass: 1}
	pc := tls.Client(hold, client)
	w.shakes(pc)
	_, err := io.WriteString(pc, "early")
	w.check(err, "peer's write")
	_, err = peer.Write(hold.kept)
	w.check(err, "peer's write")
	r := p.get()
	w.check(r.err, "handshake")
	w.ownTLS(r.socket)
	if got := w.spy.open.Load(); got != before {
		w.Errorf("%d registrations are open after the handshake, want %d", got, before)
	}
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		w.Errorf("close of the Conn that was passed to the handshake: %v, want net.ErrClosed", err)
	}
	w.wantTryRead(r.socket, "early")
}

func tlsSocketHandshake(w *world) {
	server, _ := w.configs()
	s, _ := w.local()
	c := w.on(s, smallBuffer)
	w.check(c.SetDeadline(time.Now().Add(soon)), "set deadline")
	r := w.shakeSocket(context.Background(), tlsconn.ServerSocket, c, server).get()
	if !errors.Is(r.err, os.ErrDeadlineExceeded) {
		w.Errorf("handshake without a peer: %v, want os.ErrDeadlineExceeded", r.err)
	}
	w.check(c.Close(), "close after a failed handshake")

	s, _ = w.local()
	c = w.on(s, smallBuffer)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := w.waits(sys.Readable)
	p := w.shakeSocket(ctx, tlsconn.ServerSocket, c, server)
	w.waiting(sys.Readable, n)
	cancel()
	if r := p.get(); !errors.Is(r.err, context.Canceled) {
		w.Errorf("canceled handshake: %v, want context.Canceled", r.err)
	}
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		w.Errorf("close after the context was done: %v, want net.ErrClosed", err)
	}

	s, _ = w.local()
	c = w.on(s, smallBuffer)
	r = w.shakeSocket(context.Background(), tlsconn.ClientSocket, c, &tls.Config{Renegotiation: tls.RenegotiateOnceAsClient}).get()
	if !errors.Is(r.err, errors.ErrUnsupported) {
		w.Errorf("a config with renegotiation: %v, want errors.ErrUnsupported", r.err)
	}
}

func tlsSocketResumption(w *world) {
	server, client := w.configs()
	server.NextProtos, client.NextProtos = []string{"edge/2", "edge/1"}, []string{"edge/1"}
	agreed := func(s tls.ConnectionState, resumed bool) {
		w.Helper()
		if s.NegotiatedProtocol != "edge/1" || s.DidResume != resumed {
			w.Errorf("protocol %q, resumed %v, want edge/1 and %v", s.NegotiatedProtocol, s.DidResume, resumed)
		}
	}
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for _, resumed := range []bool{false, true} {
		t, c, _ := w.tlsSocket(smallBuffer, server, client, bare)
		agreed(t.ConnectionState(), resumed)
		// The client reads its ticket together with the data.
		_, err := t.TryWrite([]byte("data"))
		w.check(err, "write")
		w.arrives(c, []byte("data"))
	}
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for _, resumed := range []bool{false, true} {
		s, peer := w.local()
		p := w.shakeSocket(context.Background(), tlsconn.ClientSocket, w.on(s, smallBuffer), client)
		c := tls.Server(peer, server)
		_, err := io.WriteString(c, "data")
		w.check(err, "peer's write")
		r := p.get()
		w.check(r.err, "handshake")
		w.ownTLS(r.socket)
		agreed(r.socket.ConnectionState(), resumed)
		w.wantTryRead(r.socket, "data")
	}
}
