// Package server contains echo servers that measures start as processes of their own: of package
// net, and of this workspace over TLS.
package server

import (
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
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
	conns     atomic.Int64
}

// Net returns the role of the server of package net.
func Net() *cobra.Command {
	s := &netServer{}
	cmd := cli.Role(NetWord, "Echo server of package net, for echo and idle", s.serve)
	cmd.Flags().DurationVar(&s.report, "report", 0, "time between two reports of memory, after a garbage collection; 0 for none")
	cmd.Flags().BoolVar(&s.encrypted, "tls", false, "with TLS")
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
		go netReport(s.report, &s.conns)
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
				netEcho(conn)
			}
		}()
	}
}

func netEcho(conn net.Conn) {
	buf := make([]byte, 4<<10)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if _, err := conn.Write(buf[:n]); err != nil {
			return
		}
	}
}

// netReport logs what the other servers log.
func netReport(every time.Duration, conns *atomic.Int64) {
	for range time.Tick(every) {
		logReport(int(conns.Load()))
	}
}

// logReport logs the line that process.Report is read from, after it has freed all memory that can
// be freed.
func logReport(tasks int) {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	slog.Info("report", "tasks", tasks, "sys_bytes", m.Sys, "heap_bytes", m.HeapAlloc, "stack_bytes", m.StackInuse, "collections", m.NumGC,
		"allocations", m.Mallocs)
}
