package streamtest

import (
	"context"
	"crypto/tls"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/stream/tlsconn"
)

// brokenSecure is correct except for the functions that are set.
type brokenSecure struct {
	*tlsconn.Conn
	read       func(p []byte) (int, error)
	write      func(p []byte) (int, error)
	closeWrite func() error
	close      func() error
}

func (b *brokenSecure) Read(p []byte) (int, error) {
	if b.read != nil {
		return b.read(p)
	}
	return b.Conn.Read(p)
}

func (b *brokenSecure) Write(p []byte) (int, error) {
	if b.write != nil {
		return b.write(p)
	}
	return b.Conn.Write(p)
}

func (b *brokenSecure) CloseWrite() error {
	if b.closeWrite != nil {
		return b.closeWrite()
	}
	return b.Conn.CloseWrite()
}

func (b *brokenSecure) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.Conn.Close()
}

func secures(change func(b *brokenSecure, config *tls.Config)) func(f *Fixture) {
	return func(f *Fixture) {
		f.parts.secure = func(q *stream.WriteQueue, config *tls.Config) (secure, error) {
			b := &brokenSecure{}
			change(b, config)
			var err error
			b.Conn, err = tlsconn.Server(q, config)
			return b, err
		}
	}
}

// plain is a tls.Conn of unmodified crypto/tls.
type plain struct{ *tls.Conn }

func (p plain) Handshake(ctx context.Context) error { return p.HandshakeContext(ctx) }

// singly admits one caller and refuses others.
type singly struct {
	busy    atomic.Bool
	refused chan struct{}
}

func newSingly() *singly { return &singly{refused: make(chan struct{}, 1)} }

func (s *singly) enter() bool {
	if s.busy.CompareAndSwap(false, true) {
		return true
	}
	select {
	case s.refused <- struct{}{}:
	default:
	}
	return false
}

func (s *singly) leave() { s.busy.Store(false) }

// awaitRefusal returns when another caller has been refused: a case cannot know when a second one
// has come.
func (s *singly) awaitRefusal() {
	select {
	case <-s.refused:
	case <-time.After(announced):
	}
}

func tlsMutants() []mutant {
	return []mutant{
		broken("crypto/tls is used as it is", func(f *Fixture) {
			f.parts.secure = func(q *stream.WriteQueue, config *tls.Config) (secure, error) {
				return plain{tls.Server(q.Conn(), config)}, nil
			}
		}, "tls/late"),
		broken("a big write has a byte changed", secures(func(b *brokenSecure, _ *tls.Config) {
			b.write = func(p []byte) (int, error) {
				if len(p) == tlsBulk {
					p = append([]byte{}, p...)
					p[tlsBulk-1]++
				}
				return b.Conn.Write(p)
			}
		}), "tls/duplex"),
		broken("answers are kept without a bound", func(f *Fixture) {
			f.parts.secure = func(q *stream.WriteQueue, config *tls.Config) (secure, error) {
				return tlsconn.Server(stream.NewWriteQueue(q.Conn(), stream.WriteQueueOptions{High: 64 << 20}), config)
			}
		}, "tls/flood"),
		broken("a short read loses its byte", secures(func(b *brokenSecure, _ *tls.Config) {
			var reads atomic.Int64
			b.read = func(p []byte) (int, error) {
				n, err := b.Conn.Read(p)
				if reads.Add(1) == 2 && n == 4 && len(p) == 4 {
					p[0]++
				}
				return n, err
			}
		}), "tls/split"),
		broken("sessions are not resumed", secures(func(_ *brokenSecure, config *tls.Config) { config.SessionTicketsDisabled = true }), "tls/resumption"),
		broken("no protocol is negotiated", secures(func(_ *brokenSecure, config *tls.Config) { config.NextProtos = nil }), "tls/resumption"),
		broken("Close says nothing to the peer", secures(func(b *brokenSecure, _ *tls.Config) {
			b.close = func() error { return b.Queue().Close() }
		}), "tls/close"),
		broken("CloseWrite ends TLS alone", secures(func(b *brokenSecure, _ *tls.Config) {
			b.closeWrite = func() error { return nil }
		}), "tls/close-write"),
		broken("callers who come second fail", secures(func(b *brokenSecure, _ *tls.Config) {
			one := newSingly()
			b.read = func(p []byte) (int, error) {
				if !one.enter() {
					return 0, stream.ErrBusy
				}
				defer one.leave()
				n, err := b.Conn.Read(p)
				if string(p[:n]) == "two" {
					one.awaitRefusal()
				}
				return n, err
			}
		}), "tls/busy"),
	}
}
