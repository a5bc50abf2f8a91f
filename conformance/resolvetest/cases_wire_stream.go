package resolvetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// streamed returns a case with one lookup over a stream. handle gets the queries of a server that
// only this case asks, over streams; the lookup must find the address all the same.
func streamed(id, rule, source string, handle func(q *arrival)) Case {
	return Case{ID: id, Doc: "stub", Rule: rule, Source: source, Needs: needs(Wire), Run: func(t T, p Fixture) {
		w := p.wire(t, WireOptions{Streams: true}, handle)
		w.resolves("one.example", "192.0.2.1")
		w.resolves("two.example", "192.0.2.1")
	}}
}

func streamCases() []Case {
	return []Case{
		{ID: "wire/truncated", Doc: "stub", Rule: "A truncated reply is fetched over a stream. Datagrams no longer count then.", Source: "massdns", Needs: needs(Wire),
			Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, func(q *arrival) {
					if q.stream() {
						q.reply()
						return
					}
					for _, e := range []edit{holding(forged), empty} {
						q.reply(e, truncated)
					}
				})
				c := w.resolves("one.example", "192.0.2.1")
				if c.answer.Origin != resolve.OriginTCP {
					t.Errorf("got an answer from %v, want one from TCP", c.answer.Origin)
				}
			}},
		{ID: "wire/oversize", Doc: "stub", Rule: "A datagram that is larger than the buffer counts as truncated.", Source: "go#21160, go#66754", Needs: needs(Wire),
			Run: func(t T, p Fixture) {
				const n = 300 // 4.8 KiB
				w := p.wire(t, WireOptions{}, answers(many(n)))
				c := w.lookup("one.example")
				if c.err != nil || c.answer.Len() != n {
					t.Errorf("got %d addresses, %v, want %d", c.answer.Len(), c.err, n)
				}
			}},
		{ID: "wire/larger-than-advertised", Doc: "stub", Rule: "A datagram that is larger than the resolver allows is used whole or fetched over a stream, and is never cut.",
			Source: "go#69644", Needs: needs(Wire), Run: func(t T, p Fixture) {
				const n = 200 // 3.2 KiB
				w := p.wire(t, WireOptions{}, answers(many(n)))
				c := w.lookup("one.example")
				if c.err != nil || c.answer.Len() != n {
					t.Errorf("got %d addresses, %v, want %d", c.answer.Len(), c.err, n)
				}
			}},
		streamed("wire/truncated-stream", "TC in a reply over a stream means nothing: the reply counts.", "go#64896", answers(truncated)),
		{ID: "wire/truncated-refused", Doc: "stub", Rule: "If a truncated reply cannot be fetched, the next server is asked. Without one the lookup fails with ErrServFail.",
			Needs: needs(Wire), Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{}, answers(empty, truncated), answers())
				w.servers[0].refuseStreams()
				w.resolves("one.example", "192.0.2.1")

				w = p.wire(t, WireOptions{}, answers(empty, truncated))
				w.servers[0].refuseStreams()
				c := w.lookup("two.example")
				c.fails(resolve.ErrServFail)
			}},
		streamed("wire/split", "A message that arrives in pieces is put together, even its length.", "RFC 7766, section 8", func(q *arrival) {
			for _, b := range framed(q.packed()) {
				q.peer.write([]byte{b})
			}
		}),
		{ID: "wire/pipelined", Doc: "stub", Rule: "Queries share a stream, and the replies may come in any order, several in a segment.", Source: "RFC 7766, section 6.2.1.1",
			Needs: needs(Wire), Run: pipelined},
		streamed("wire/reset", "A stream that is reset within a message makes the resolver ask again on another one.", "", func(q *arrival) {
			if q.peer.n == 0 && q.name() == "two.example." {
				q.peer.write(framed(q.packed())[:20])
				q.peer.reset()
				return
			}
			q.reply()
		}),
		{ID: "wire/reset-others", Doc: "stub", Rule: "When a stream fails, the other queries on it are sent again too.", Needs: needs(Wire), Run: func(t T, p Fixture) {
			w := p.wire(t, WireOptions{Streams: true}, nil)
			s := w.servers[0]
			zero := w.ask("zero.example")
			s.next().reply()
			w.await(zero)
			var calls []*call
			for i := range 5 {
				calls = append(calls, w.ask(fmt.Sprintf("n%d.example", i)))
			}
			var first []*arrival
			for range calls {
				first = append(first, s.next())
			}
			first[0].peer.reset()
			for left := len(calls); left > 0; left-- {
				q := s.nextOf(func(q *arrival) bool { return q.peer != first[0].peer })
				q.reply()
			}
			w.await(calls...)
			for _, c := range calls {
				c.holds("192.0.2.1")
			}
		}},
		streamed("wire/reply-then-end", "A reply counts even if the stream ends right after it.", "c-ares#1138", func(q *arrival) {
			q.reply()
			q.peer.finish()
		}),
		{ID: "wire/end-after-accept", Doc: "stub", Rule: "A server that ends a stream without a reply is asked once more, and then the next server.", Needs: needs(Wire),
			Run: func(t T, p Fixture) {
				w := p.wire(t, WireOptions{Streams: true}, nil, answers())
				w.servers[0].onAccept(func(p *peer) bool {
					p.finish()
					return false
				})
				w.resolves("one.example", "192.0.2.1")
			}},
		streamed("wire/idle-end", "A server may end an idle stream. A lookup that it meets is sent again on another one.", "RFC 7766, section 6.2.3", func(q *arrival) {
			if q.peer.n == 0 && q.name() == "two.example." {
				q.peer.finish()
				return
			}
			q.reply()
		}),
		{ID: "wire/bad-length", Doc: "stub", Rule: "A stream with a message that is shorter than a header is closed, and the next server is asked.", Needs: needs(Wire),
			Run: func(t T, p Fixture) {
				for _, n := range []int{0, 1, 11} {
					w := p.wire(t, WireOptions{Streams: true}, func(q *arrival) { q.peer.write(framed(q.packed()[:n])) }, answers())
					w.resolves("one.example", "192.0.2.1")
				}
			}},
		{ID: "wire/unsolicited", Doc: "stub", Rule: "A stream with a reply that was not asked for is broken. The resolver closes it, and asks the next server.", Source: "go net",
			Needs: needs(Wire), Run: func(t T, p Fixture) {
				bad := map[string]func(q *arrival) []byte{
					"id.example.": func(q *arrival) []byte { return otherID(forging(q), 1) },
					"name.example.": func(q *arrival) []byte {
						return forging(q, func(m *dnsmessage.Message) { m.Questions[0].Name = dnsName("other.example.") })
					},
					"type.example.": func(q *arrival) []byte {
						return forging(q, func(m *dnsmessage.Message) { m.Questions[0].Type = dnsmessage.TypeMX })
					},
				}
				for name, message := range bad {
					closed := make(chan struct{}, 16)
					w := p.wire(t, WireOptions{Streams: true, Dial: noting(closed)}, func(q *arrival) { q.send(message(q)) }, answers())
					w.resolves(strings.TrimSuffix(name, "."), "192.0.2.1")
					suite.Receive(t, "close of the broken stream", closed)
				}
			}},
		{ID: "wire/largest", Doc: "stub", Rule: "A reply over a stream may have 65,535 bytes.", Needs: needs(Wire), Run: func(t T, p Fixture) {
			const n = 4093 // with a header, a question and an OPT record
			w := p.wire(t, WireOptions{Streams: true}, func(q *arrival) {
				b := q.packed(many(n), withoutOPT)
				q.send(append(b, make([]byte, 65535-len(b))...))
			})
			c := w.lookup("one.example")
			if c.err != nil || c.answer.Len() != n {
				t.Errorf("got %d addresses, %v, want %d", c.answer.Len(), c.err, n)
			}
		}},
		{ID: "wire/stalled", Doc: "stub", Rule: "A stream that stalls within a message delays only the lookups of the next moment: later ones use another stream.",
			Source: "envoy#7965", Needs: needs(Wire), Run: stalled},
		{ID: "wire/streams-only", Doc: "stub.Options.Streams", Rule: "A resolver that may use only streams sends no datagram.", Needs: needs(Wire), Run: func(t T, p Fixture) {
			w := p.wire(t, WireOptions{Streams: true}, answers())
			w.resolves("one.example", "192.0.2.1")
			for _, q := range w.over(0) {
				if !q.stream() {
					t.Errorf("got a datagram that asks for %s", q.name())
				}
			}
		}},
		{ID: "wire/one-write", Doc: "stub", Rule: "A message goes to a stream in one write with its length.", Source: "RFC 7766, section 8", Needs: needs(Wire), Run: oneWrite},
	}
}

// many makes the reply hold n addresses.
func many(n int) edit {
	return func(m *dnsmessage.Message) {
		m.Answers = nil
		for i := range n {
			m.Answers = append(m.Answers, record(m.Questions[0].Name, &dnsmessage.AResource{A: [4]byte{10, 0, byte(i >> 8), byte(i)}}))
		}
	}
}

func pipelined(t T, p Fixture) {
	w := p.wire(t, WireOptions{Streams: true}, nil)
	s := w.servers[0]
	for range 2 { // the second time, the stream is open
		var calls []*call
		for i := range 3 {
			calls = append(calls, w.ask(fmt.Sprintf("n%d.example", i)))
		}
		var queries []*arrival
		for range calls {
			q := s.next()
			queries = append(queries, q)
			if q.peer != queries[0].peer {
				t.Fatalf("the queries came over several streams, want one")
			}
		}
		var all []byte
		for i := len(queries) - 1; i >= 0; i-- {
			q := queries[i]
			all = append(all, framed(q.packed(holding("192.0.2."+q.name()[1:2])))...)
		}
		half := len(all) / 2 // one and a half messages
		queries[0].peer.write(all[:half])
		w.await(calls[2])
		queries[0].peer.write(all[half:])
		w.await(calls...)
		for i, c := range calls {
			c.holds(fmt.Sprintf("192.0.2.%d", i))
		}
	}
}

func stalled(t T, p Fixture) {
	// A slow machine may close the first stream before it has a query.
	var bad atomic.Pointer[peer]
	w := p.wire(t, WireOptions{Streams: true, Timeout: 5 * soon}, func(q *arrival) {
		switch {
		case q.name() == "one.example." && bad.CompareAndSwap(nil, q.peer):
			b := binary.BigEndian.AppendUint16(nil, 65535)
			q.peer.write(append(b, q.packed()[:10]...))
		case q.peer != bad.Load():
			q.reply()
		}
	})
	for _, name := range []string{"zero.example", "one.example", "two.example"} {
		suite.Until(t, "an answer over a stream that does not stall", func() bool {
			c := w.lookup(name)
			if c.err != nil { // the machine may be slow
				c.fails(resolve.ErrTimeout)
			}
			return c.err == nil
		})
	}
}

// noting returns a Dial that reports when the resolver closes a stream.
func noting(closed chan<- struct{}) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil || network != "tcp" {
			return conn, err
		}
		return &notingConn{Conn: conn, note: sync.OnceFunc(func() { closed <- struct{}{} })}, nil
	}
}

type notingConn struct {
	net.Conn
	note func()
}

func (c *notingConn) Close() error {
	c.note()
	return c.Conn.Close()
}

func oneWrite(t T, p Fixture) {
	var mu sync.Mutex
	var writes [][]byte
	w := p.wire(t, WireOptions{Streams: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &wireConn{Conn: conn, write: func(b []byte) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			writes = append(writes, append([]byte(nil), b...))
			return b, nil
		}}, nil
	}}, answers())
	for i := range 3 {
		w.resolves(fmt.Sprintf("n%d.example", i), "192.0.2.1")
	}
	mu.Lock()
	defer mu.Unlock()
	for _, b := range writes {
		for len(b) >= 2 && len(b)-2 >= int(binary.BigEndian.Uint16(b)) {
			b = b[2+int(binary.BigEndian.Uint16(b)):]
		}
		if len(b) > 0 {
			t.Errorf("got a write that ends within a message")
		}
	}
}
