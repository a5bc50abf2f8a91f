package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/memory"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// tlsBuffer is the size of the buffer into which each TLS connection reads, in both servers.
const tlsBuffer = 1 << 10

// tlsServer is a server of this workspace on one loop.
type tlsServer struct {
	queue, mode, task string
	report            time.Duration
	start             func(t *sched.Task, conn *stream.Conn) error // the body of a connection's task
}

// TLS returns the role of the server of this workspace over TLS.
func TLS() *cobra.Command {
	s := &tlsServer{}
	cmd := cli.Role(TLSWord, "Echo server of this workspace over TLS, on one loop, for idle", s.serve)
	f := cmd.Flags()
	f.StringVar(&s.queue, "queue", "auto", "mechanism of the event queue")
	f.StringVar(&s.mode, "mode", "edge", "mode of the event queue")
	f.StringVar(&s.task, "task", strategy.Coroutine, "form of the connections: coroutine or handler")
	f.DurationVar(&s.report, "report", 0, "time between two reports of memory, after a garbage collection; 0 for none")
	return cmd
}

func (s *tlsServer) serve(out io.Writer) error {
	if err := errors.Join(cli.SomeOf("mode", []string{s.mode}, strategy.ModeNames()), cli.SomeOf("task", []string{s.task}, strategy.Forms())); err != nil {
		return err
	}
	config, err := tlsConfig()
	if err != nil {
		return err
	}
	s.start = func(_ *sched.Task, conn *stream.Conn) error { return echoTLS(tls.Server(conn, config)) }
	if s.task == strategy.Handler {
		s.start = newTLSHandlers(config).serve
	}
	scheduler, err := strategy.Choice{Queue: s.queue, Mode: s.mode, Loops: 1}.Open(sched.Options{Ended: logEnded}, nil)
	if err != nil {
		return cli.Usagef("--queue %s: %w", s.queue, err)
	}
	loop := scheduler.Loops()[0]
	listener, err := stream.Listen(loop.Waiter(), netip.MustParseAddrPort("127.0.0.1:0"), stream.ListenOptions{})
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	err = loop.Go(context.Background(), "accept", func(t *sched.Task) error {
		failed <- s.accept(t, listener)
		t.Loop().Drain() // a server that cannot accept is useless
		return nil
	})
	if err != nil {
		return err
	}
	if s.report > 0 {
		if err := loop.Go(context.Background(), "report", s.reports); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "listening on %v\n", listener.Addr())
	err = scheduler.Run(context.Background())
	select {
	case accepting := <-failed:
		return errors.Join(accepting, err)
	default:
		return err
	}
}

// acceptBatchMax bounds the connections accepted before other tasks run.
const acceptBatchMax = 64

// accept starts a task for each connection.
func (s *tlsServer) accept(t *sched.Task, l *stream.Listener) error {
	defer l.Close()
	for n := 1; ; n++ {
		sock, _, err := l.AcceptSocket()
		if err != nil {
			return err
		}
		if err := s.spawn(t, sock); err != nil {
			slog.Warn("connection refused", "error", err)
		}
		if n%acceptBatchMax == 0 {
			if err := t.Yield(); err != nil {
				return err
			}
		}
	}
}

// spawn starts the task of a connection.
func (s *tlsServer) spawn(t *sched.Task, sock stream.Socket) error {
	conn, err := stream.NewConn(sock, t.Loop().Waiter())
	if err != nil {
		return errors.Join(err, sock.Close())
	}
	err = t.Go(context.Background(), "tls", func(t *sched.Task) error {
		defer conn.Close()
		return s.start(t, conn)
	})
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	return nil
}

// reports logs periodically how many tasks the loop has besides this one and the one that accepts,
// and the memory of the process.
func (s *tlsServer) reports(t *sched.Task) error {
	for {
		memory.Log(t.Loop().Len() - 2)
		if err := t.Sleep(s.report); err != nil {
			return err
		}
	}
}

// logEnded is a sched.Options.Ended. It ignores peers that connect and disconnect.
func logEnded(task string, err error) {
	if err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, sched.ErrCanceled) && sys.ClassOf(err) != sys.ClassDisconnected {
		slog.Warn("ended", "task", task, "error", err)
	}
}

// echoTLS sends back what arrives until the peer ends the stream.
func echoTLS(conn *tls.Conn) error {
	if err := conn.Handshake(); err != nil {
		return err
	}
	buf := make([]byte, tlsBuffer)
	for {
		n, err := conn.Read(buf)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := conn.Write(buf[:n]); err != nil {
			return err
		}
	}
}

// tlsConfig returns a configuration with a self-signed certificate.
func tlsConfig() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "bench"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, nil
}
