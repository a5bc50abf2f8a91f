package resolvetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/resolve"
)

// wireMutant is package evented with one rule broken: change alters its options, and thereby its
// connections.
func wireMutant(name string, change func(o *WireOptions), detects string) suite.Mutant[Fixture] {
	return wireMutantAround(name, change, nil, detects)
}

func wireMutantAround(name string, change func(o *WireOptions), around func(resolve.Strategy) resolve.Strategy, detects string) suite.Mutant[Fixture] {
	return suite.Mutant[Fixture]{Name: name, Target: wireTarget(name, change, around), Detects: detects}
}

func wireTarget(name string, change func(o *WireOptions), around func(resolve.Strategy) resolve.Strategy) suite.Target[Fixture] {
	return Target{Name: name, Claims: eventedClaims, Fixture: Fixture{Wire: func(t T, o WireOptions) (resolve.Strategy, error) {
		if change != nil {
			change(&o)
		}
		s, err := openEvented(t, o)
		if err != nil || around == nil {
			return s, err
		}
		return around(s), nil
	}}}.suite()
}

// meddler is a connection of a mutant: it changes the messages. Messages of streams have their
// length removed.
type meddler struct {
	net.Conn
	*meddling
	stream bool

	mu   sync.Mutex
	sent [][]byte // queries

	in  []byte // what Read still has to return, of a stream
	out []byte // what Write has got of a message, of a stream
}

// meddling is what a mutant does to messages, and what its connections share. Nil functions change
// nothing.
type meddling struct {
	query func(c *meddler, m []byte) []byte // nil: the query is lost
	reply func(c *meddler, m []byte) []byte // nil: the reply is lost
	ended func(c *meddler, err error) error // after an error of Read or Write; nil: Read tries again
	dial  func(network string, conn net.Conn, err error) (net.Conn, error)

	mu    sync.Mutex
	conns []*meddler
}

// meddle returns a change of the options. make returns the functions for one resolver.
func meddle(make func() *meddling) func(o *WireOptions) {
	return func(o *WireOptions) {
		dial, shared := o.dial(), make()
		o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if shared.dial != nil {
				conn, err = shared.dial(network, conn, err)
			}
			if err != nil {
				return nil, err
			}
			c := &meddler{Conn: conn, meddling: shared, stream: network == "tcp"}
			shared.mu.Lock()
			shared.conns = append(shared.conns, c)
			shared.mu.Unlock()
			return c, nil
		}
	}
}

// onDatagrams changes the replies over UDP.
func onDatagrams(change func(c *meddler, m []byte) []byte) func(o *WireOptions) {
	return meddle(func() *meddling {
		return &meddling{reply: func(c *meddler, m []byte) []byte {
			if c.stream {
				return m
			}
			return change(c, m)
		}}
	})
}

// onStreams changes the replies over TCP.
func onStreams(change func(c *meddler, m []byte) []byte) func(o *WireOptions) {
	return meddle(func() *meddling {
		return &meddling{reply: func(c *meddler, m []byte) []byte {
			if !c.stream {
				return m
			}
			return change(c, m)
		}}
	})
}

// onReplies changes the replies that are DNS messages. change returns false for one that is lost.
func onReplies(change func(c *meddler, m *dnsmessage.Message) bool) func(o *WireOptions) {
	return meddle(func() *meddling {
		return &meddling{reply: func(c *meddler, b []byte) []byte {
			// What package dnsmessage reads otherwise than it writes is left alone.
			var m dnsmessage.Message
			if m.Unpack(b) != nil || !bytes.Equal(packed(m), b) {
				return b
			}
			if !change(c, &m) {
				return nil
			}
			return packed(m)
		}}
	})
}

// onQueries changes the queries.
func onQueries(change func(m *dnsmessage.Message)) func(o *WireOptions) {
	return meddle(func() *meddling {
		return &meddling{query: func(_ *meddler, b []byte) []byte {
			var m dnsmessage.Message
			if m.Unpack(b) != nil {
				return b
			}
			change(&m)
			return packed(m)
		}}
	})
}

func packed(m dnsmessage.Message) []byte {
	b, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return b
}

func (c *meddler) Read(p []byte) (int, error) {
	for {
		if len(c.in) > 0 {
			n := copy(p, c.in)
			c.in = c.in[n:]
			return n, nil
		}
		m, err := c.receive()
		if err != nil {
			if c.ended == nil {
				return 0, err
			}
			if err = c.ended(c, err); err != nil {
				return 0, err
			}
			continue
		}
		if c.reply != nil {
			if m = c.reply(c, m); m == nil {
				continue
			}
		}
		if !c.stream {
			return copy(p, m), nil
		}
		c.in = framed(m)
	}
}

// receive returns the next message.
func (c *meddler) receive() ([]byte, error) {
	if !c.stream {
		b := make([]byte, 1<<16)
		n, err := c.Conn.Read(b)
		return b[:n], err
	}
	var length [2]byte
	if _, err := io.ReadFull(c.Conn, length[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(c.Conn, b)
	return b, err
}

func (c *meddler) Write(p []byte) (int, error) {
	if !c.stream {
		if err := c.send(p, p); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	c.out = append(c.out, p...)
	for len(c.out) >= 2 && len(c.out)-2 >= int(binary.BigEndian.Uint16(c.out)) {
		end := 2 + int(binary.BigEndian.Uint16(c.out))
		if err := c.send(c.out[2:end], c.out[:end]); err != nil {
			return 0, err
		}
		c.out = c.out[end:]
	}
	return len(p), nil
}

// send sends m, or what the mutant makes of it. whole is m as it goes to the kernel.
func (c *meddler) send(m, whole []byte) error {
	c.mu.Lock()
	c.sent = append(c.sent, append([]byte(nil), m...))
	c.mu.Unlock()
	if c.query != nil {
		if m = c.query(c, m); m == nil {
			return nil
		}
		if whole = m; c.stream {
			whole = framed(m)
		}
	}
	_, err := c.Conn.Write(whole)
	if err != nil && c.ended != nil {
		err = c.ended(c, err)
	}
	return err
}

// last returns the last query that was sent over c.
func (c *meddler) last() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.sent) == 0 {
		return nil
	}
	return c.sent[len(c.sent)-1]
}

// to returns the query that has the ID of the message, or nil.
func (c *meddler) to(m []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, q := range c.sent {
		if len(m) >= 2 && binary.BigEndian.Uint16(q) == binary.BigEndian.Uint16(m) {
			return q
		}
	}
	return nil
}

// made returns a reply to a query, with the edits of a server.
func made(query []byte, edits ...edit) []byte {
	q := &arrival{raw: query}
	if err := q.parse(); err != nil {
		panic(err)
	}
	return q.packed(edits...)
}

// unread is a connection without a peer.
type unread struct {
	net.Conn
	end  chan struct{}
	once func()
}

func newUnread() net.Conn {
	end := make(chan struct{})
	return unread{end: end, once: sync.OnceFunc(func() { close(end) })}
}

func (u unread) Write(b []byte) (int, error) { return len(b), nil }

func (u unread) Read([]byte) (int, error) {
	<-u.end
	return 0, net.ErrClosed
}

func (u unread) Close() error {
	u.once()
	return nil
}
