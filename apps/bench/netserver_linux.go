package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

// netServer works as most Go programs do: a goroutine and a buffer per connection.
func netServer(args []string) error {
	fs := flag.NewFlagSet("bench netserver", flag.ContinueOnError)
	report := fs.Duration("report", 0, "time between two reports of memory, after a garbage collection; 0 for none")
	encrypted := fs.Bool("tls", false, "with TLS")
	if err := cli.Parse(fs, args, "internal"); err != nil {
		return err
	}
	config, err := tlsConfig()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening on %v\n", l.Addr())
	var conns atomic.Int64
	if *report > 0 {
		go netReport(*report, &conns)
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		conns.Add(1)
		go func() {
			defer conns.Add(-1)
			defer conn.Close()
			if *encrypted {
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
		tasks := conns.Load()
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		slog.Info("report", "tasks", tasks, "sys_bytes", m.Sys, "heap_bytes", m.HeapAlloc, "stack_bytes", m.StackInuse, "collections", m.NumGC,
			"allocations", m.Mallocs)
	}
}
