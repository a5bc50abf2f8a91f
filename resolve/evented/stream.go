package evented

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/stub"
)

// connectTimeout limits connecting to a server, with its TLS handshake, unless lookups may take
// longer.
const connectTimeout = 5 * time.Second

// streams is a connection over TCP or TLS. Queries are pipelined (RFC 7766, section 6.2.1.1). The
// core bounds the queries in flight, and thereby out.
type streams struct {
	r    *Resolver
	link *stub.Link
	tls  *tls.Config // nil for TCP
	stop context.CancelFunc
	ctx  context.Context

	mu     sync.Mutex
	more   sync.Cond // out has grown, or the stream is closed
	out    []byte
	conn   net.Conn // nil until it is connected
	closed bool
}

func (r *Resolver) openStream(l *stub.Link, config *tls.Config) transport {
	s := &streams{r: r, link: l, tls: config}
	s.more.L = &s.mu
	s.ctx, s.stop = context.WithCancel(r.ctx)
	r.goroutines.Go(s.run)
	return s
}

func (s *streams) send(message []byte) {
	s.mu.Lock()
	s.out = append(s.out, message...)
	s.mu.Unlock()
	s.more.Signal()
}

func (s *streams) close() {
	s.stop()
	s.mu.Lock()
	s.closed = true
	conn := s.conn
	s.mu.Unlock()
	s.more.Signal()
	if conn != nil {
		_ = conn.Close()
	}
}

// run connects and writes, until the stream is closed.
func (s *streams) run() {
	conn, err := s.connect()
	if err != nil {
		s.r.failed(s.link, err)
		return
	}
	s.mu.Lock()
	s.conn = conn
	closed := s.closed
	s.mu.Unlock()
	if closed {
		_ = conn.Close()
		return
	}
	s.r.goroutines.Go(func() { s.receive(conn) })
	var writing []byte
	for {
		s.mu.Lock()
		for len(s.out) == 0 && !s.closed {
			s.more.Wait()
		}
		writing, s.out = s.out, writing[:0]
		closed := s.closed
		s.mu.Unlock()
		if closed {
			return
		}
		if _, err := conn.Write(writing); err != nil {
			// The reader reports the end. It first takes the replies that have arrived.
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			return
		}
	}
}

func (s *streams) connect() (net.Conn, error) {
	ctx, cancel := context.WithTimeout(s.ctx, max(connectTimeout, s.r.options.Timeout))
	defer cancel()
	conn, err := s.r.dial(ctx, "tcp", s.link.Addr().String())
	if err != nil || s.tls == nil {
		return conn, err
	}
	secure := tls.Client(conn, s.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secure, nil
}

// receive gives the core the messages of the stream, until it ends.
func (s *streams) receive(conn net.Conn) {
	defer conn.Close()
	var done []*resolve.Query
	in := framer{from: conn}
	for {
		message, err := in.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			s.r.failed(s.link, err)
			return
		}
		s.r.mu.Lock()
		s.r.core.Message(s.link, message, s.r.now())
		done = s.r.unlock(done)
	}
}

// framer splits a stream into messages, each after its length in two bytes. Its buffer grows with
// the data that arrives, and not with the lengths that the peer claims.
type framer struct {
	from       io.Reader
	buffer     []byte
	head, tail int // what is buffered
}

// The buffer of a framer: its first size, and what the largest message needs.
const (
	frameFirst = 2 << 10
	frameMax   = 2 + 1<<16 - 1
)

// next returns the next message, which is valid until the next call.
func (f *framer) next() ([]byte, error) {
	for {
		if have := f.tail - f.head; have >= 2 {
			n := int(binary.BigEndian.Uint16(f.buffer[f.head:]))
			if have >= 2+n {
				message := f.buffer[f.head+2 : f.head+2+n]
				f.head += 2 + n
				return message, nil
			}
		}
		f.makeRoom()
		n, err := f.from.Read(f.buffer[f.tail:])
		f.tail += n
		if n == 0 && err != nil {
			if err == io.EOF && f.tail > f.head {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}

// makeRoom makes room for at least one byte.
func (f *framer) makeRoom() {
	if f.head > 0 {
		f.tail = copy(f.buffer, f.buffer[f.head:f.tail])
		f.head = 0
	}
	if f.tail == len(f.buffer) {
		grown := make([]byte, min(max(2*len(f.buffer), frameFirst), frameMax))
		copy(grown, f.buffer[:f.tail])
		f.buffer = grown
	}
}
