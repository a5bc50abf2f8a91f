package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

func TestQUIC(t *testing.T) {
	runForms(t,
		check{"payload", quicPayload},
		check{"half-close", quicHalfClose},
		check{"many", quicMany},
		check{"large", quicLarge},
		check{"datagrams", quicDatagrams},
		check{"deadline", quicDeadline},
		check{"cancel", quicCancel},
	)
}

// quicBodies starts a body for each end of a connection of QUIC.
func quicBodies(t *testing.T, h harness, serve, use func(c *quic.Conn) error) {
	server, client := newTLS(t, "interop")
	config := &quic.Config{EnableDatagrams: true, MaxIncomingStreams: 1000, HandshakeIdleTimeout: patience, MaxIdleTimeout: patience}
	to, err := h.ListenPacket(t.Context(), "udp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	from, err := h.ListenPacket(t.Context(), "udp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	accepting := &quic.Transport{Conn: to}
	l, err := accepting.Listen(server, config)
	if err != nil {
		t.Fatal(err)
	}
	h.Go("server", blocking(h, func() error {
		c, err := l.Accept(context.Background())
		if err != nil {
			return errors.Join(err, endQUIC(accepting))
		}
		err = serve(c)
		<-c.Context().Done() // the client ends it
		return errors.Join(err, l.Close(), endQUIC(accepting))
	}))
	h.Go("client", blocking(h, func() error {
		dialing := &quic.Transport{Conn: from}
		c, err := dialing.Dial(context.Background(), to.LocalAddr(), client, config)
		if err != nil {
			return errors.Join(err, endQUIC(dialing), to.Close())
		}
		err = use(c)
		return errors.Join(err, c.CloseWithError(0, "bye"), endQUIC(dialing))
	}))
}

// endQUIC closes a transport and its socket, which the library does not own.
func endQUIC(t *quic.Transport) error { return errors.Join(t.Close(), t.Conn.Close()) }

// quicEcho serves echoes until the connection ends.
func quicEcho(c *quic.Conn) error {
	for {
		s, err := c.AcceptStream(context.Background())
		if err != nil {
			return quicEnd(err)
		}
		go func() {
			_, _ = io.Copy(s, s)
			_ = s.Close()
		}()
	}
}

// quicEnd returns nil if err reports that the peer has closed the connection as agreed.
func quicEnd(err error) error {
	var end *quic.ApplicationError
	if errors.As(err, &end) && end.Remote && end.ErrorCode == 0 {
		return nil
	}
	return err
}

// quicExchange sends n bytes in a stream and expects them back.
func quicExchange(c *quic.Conn, n int, seed uint64) error {
	s, err := c.OpenStreamSync(context.Background())
	if err != nil {
		return err
	}
	want := payload(n, seed)
	sent := make(chan error, 1)
	go func() {
		_, err := s.Write(want)
		sent <- errors.Join(err, s.Close())
	}()
	got, err := io.ReadAll(s)
	return errors.Join(err, same("stream", got, want), <-sent)
}

func quicPayload(t *testing.T, h harness) {
	quicBodies(t, h, quicEcho, func(c *quic.Conn) error {
		for i, n := range []int{0, 1, 1200, 1 << 16, 1<<20 + 1} {
			if err := quicExchange(c, n, uint64(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

func quicHalfClose(t *testing.T, h harness) {
	question, answer := payload(100_000, 1), payload(200_000, 2)
	quicBodies(t, h, func(c *quic.Conn) error {
		s, err := c.AcceptStream(context.Background())
		if err != nil {
			return err
		}
		got, err := io.ReadAll(s)
		if err := errors.Join(err, same("question", got, question)); err != nil {
			return err
		}
		_, err = s.Write(answer)
		return errors.Join(err, s.Close())
	}, func(c *quic.Conn) error {
		s, err := c.OpenStream()
		if err != nil {
			return err
		}
		if _, err := s.Write(question); err != nil {
			return err
		}
		if err := s.Close(); err != nil { // ends the sending direction only
			return err
		}
		got, err := io.ReadAll(s)
		return errors.Join(err, same("answer", got, answer))
	})
}

func quicMany(t *testing.T, h harness) {
	quicBodies(t, h, quicEcho, func(c *quic.Conn) error {
		return together(200, func(i int) error { return quicExchange(c, 5000+i, uint64(i)) })
	})
}

func quicLarge(t *testing.T, h harness) {
	quicBodies(t, h, quicEcho, func(c *quic.Conn) error { return quicExchange(c, 4<<20, 1) })
}

// quicDatagrams sends datagrams, of which some may be lost, until the answer to one arrives.
func quicDatagrams(t *testing.T, h harness) {
	quicBodies(t, h, func(c *quic.Conn) error {
		for {
			d, err := c.ReceiveDatagram(context.Background())
			if err != nil {
				return quicEnd(err)
			}
			if err := c.SendDatagram(d); err != nil {
				return quicEnd(err)
			}
		}
	}, func(c *quic.Conn) error {
		want := payload(1000, 1)
		for {
			if err := c.SendDatagram(want); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			got, err := c.ReceiveDatagram(ctx)
			cancel()
			if errors.Is(err, context.DeadlineExceeded) {
				continue
			}
			return errors.Join(err, same("datagram", got, want))
		}
	})
}

func quicDeadline(t *testing.T, h harness) {
	quicBodies(t, h, quicEcho, func(c *quic.Conn) error {
		s, err := c.OpenStream()
		if err != nil {
			return err
		}
		if err := s.SetReadDeadline(time.Now().Add(short)); err != nil {
			return err
		}
		_, err = s.Read(make([]byte, 1))
		return mustTimeOut("Read", err)
	})
}

// quicCancel ends both directions of a stream with codes, in the middle. The peer gets them.
func quicCancel(t *testing.T, h harness) {
	const readCode, writeCode = 7, 8
	quicBodies(t, h, func(c *quic.Conn) error {
		s, err := c.AcceptStream(context.Background())
		if err != nil {
			return err
		}
		for err == nil {
			_, err = s.Read(make([]byte, 1000))
		}
		if err := mustBeCode("Read", err, writeCode); err != nil {
			return err
		}
		for err = nil; err == nil; {
			_, err = s.Write(payload(100_000, 1))
		}
		if err := mustBeCode("Write", err, readCode); err != nil {
			return err
		}
		return c.CloseWithError(0, "bye")
	}, func(c *quic.Conn) error {
		s, err := c.OpenStream()
		if err != nil {
			return err
		}
		if _, err := s.Write([]byte("begin")); err != nil {
			return err
		}
		s.CancelWrite(writeCode)
		if _, err := s.Read(make([]byte, 1)); err != nil { // the server has got the code
			return err
		}
		s.CancelRead(readCode)
		<-c.Context().Done()
		return nil
	})
}

func mustBeCode(what string, err error, code quic.StreamErrorCode) error {
	var s *quic.StreamError
	if errors.As(err, &s) && s.Remote && s.ErrorCode == code {
		return nil
	}
	return fmt.Errorf("%s: got error %v, want code %d of the peer", what, err, code)
}
