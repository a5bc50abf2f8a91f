// Package server contains echo servers that measures start as processes of their own: of package
// net, and of this workspace over TLS.
package server

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/memory"
)

// Words of the roles.
const (
	NetWord = "net-server"
	TLSWord = "tls-server"
)

// netServer works as most Go programs do: a goroutine and a buffer per connection.
type netServer struct {
	report    time.Duration
	encrypted bool
	sink      bool // discard what arrives
	bulk      bool
	conns     atomic.Int64
}

// Net returns the role of the server of package net.
func Net() *cobra.Command {
	s := &netServer{}
	cmd := cli.Role(NetWord, "Echo server of package net, for echo, compare and idle", s.serve)
	cmd.Flags().DurationVar(&s.report, "report", 0, "time between two reports of memory, after a garbage collection; 0 for none")
	cmd.Flags().BoolVar(&s.encrypted, "tls", false, "with TLS")
	cmd.Flags().BoolVar(&s.sink, "sink", false, "discard what arrives; without --tls")
	cmd.Flags().BoolVar(&s.bulk, "bulk", false, "with larger buffers; without --tls")
	return cmd
}

func (s *netServer) serve(out io.Writer) error {
	config, err := tlsConfig()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "listening on %v\n", l.Addr())
	if s.report > 0 {
		go memory.LogEvery(s.report, func() int { return int(s.conns.Load()) })
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		s.conns.Add(1)
		go func() {
			defer s.conns.Add(-1)
			defer conn.Close()
			if s.encrypted {
				_ = echoTLS(tls.Server(conn, config))
			} else {
				s.move(conn)
			}
		}()
	}
}

// Sizes of the buffer of a connection.
const (
	netBuffer     = 4 << 10
	netBufferBulk = 64 << 10
)

func (s *netServer) move(conn net.Conn) {
	size := netBuffer
	if s.bulk {
		size = netBufferBulk
	}
	buf := make([]byte, size)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if s.sink {
			continue
		}
		if _, err := conn.Write(buf[:n]); err != nil {
			return
		}
	}
}
