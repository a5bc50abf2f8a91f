package main

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

// accessLog writes a line per request, in common log format with the time it took. A nil accessLog
// writes nothing.
type accessLog struct {
	mu     sync.Mutex // the loops take turns, one line each
	file   *os.File
	line   []byte
	failed bool // reported once
}

func openAccessLog(name string) (*accessLog, error) {
	switch name {
	case "":
		return nil, nil
	case "-":
		return &accessLog{file: os.Stdout}, nil
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return nil, cli.Usagef("-access-log: %w", err)
	}
	return &accessLog{file: file}, nil
}

func (l *accessLog) write(peer net.Addr, request string, status int, written int64, began time.Time) {
	host, _, err := net.SplitHostPort(peer.String())
	if err != nil {
		host = peer.String()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// %q prevents a request from forging log lines.
	l.line = fmt.Appendf(l.line[:0], "%s - - [%s] %q %d %d %.6f\n", host, began.Format("02/Jan/2006:15:04:05 -0700"), request,
		status, written, time.Since(began).Seconds())
	if _, err := l.file.Write(l.line); err != nil && !l.failed {
		l.failed = true
		slog.Error("access log", "error", err)
	}
}

func (l *accessLog) close() {
	if l != nil && l.file != os.Stdout {
		l.file.Close()
	}
}
