package main

import (
	"encoding/json"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

func TestLoadFindsFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		server func(*net.TCPConn)
		says   string
	}{
		{"changed byte", func(c *net.TCPConn) {
			buf := make([]byte, 4096)
			for total := 0; ; {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				if total += n; total > 20_000 {
					buf[n/2] ^= 1
				}
				if _, err := c.Write(buf[:n]); err != nil {
					return
				}
			}
		}, "came back changed (seed "},
		{"swapped messages", func(c *net.TCPConn) {
			var a, b [128]byte
			for {
				if _, err := io.ReadFull(c, a[:]); err != nil {
					return
				}
				if _, err := io.ReadFull(c, b[:]); err != nil {
					return
				}
				c.Write(b[:])
				c.Write(a[:])
			}
		}, "came back changed (seed "},
		{"more than was sent", func(c *net.TCPConn) {
			buf := make([]byte, 64<<10)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				// Copies of the first byte after the last message: bytes that were never sent.
				c.Write(append(buf[:n:n], make([]byte, 8*128)...))
			}
		}, "connection "},
		{"early end", func(c *net.TCPConn) { io.CopyN(c, c, 1000) }, "connection "},
		{"early reset", func(c *net.TCPConn) {
			io.CopyN(c, c, 1000)
			c.SetLinger(0)
		}, "connection "},
		{"nobody takes anything", func(c *net.TCPConn) {}, "connection "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := program.Run(t, "", nil, "load", "-addr", listen(t, c.server), "-c", "3", "-p", "4", "-s", "128", "-n", "1000", "-d", "80s")
			if r.Code != 1 || !strings.Contains(r.Stderr, c.says) || !strings.Contains(r.Stdout, ", 3 failed") {
				t.Errorf("got exit code %d, %q, %q, want 1, and three connections that report %q", r.Code, r.Stdout, r.Stderr, c.says)
			}
		})
	}
}

func TestLoadDoesNotWaitForEverForWhatIsNotSentBack(t *testing.T) {
	t.Parallel()
	addr := listen(t, func(c *net.TCPConn) { io.Copy(io.Discard, c) })
	r := program.Run(t, "", nil, "load", "-addr", addr, "-c", "2", "-d", "100ms", "-grace", "100ms")
	if r.Code != 1 || strings.Count(r.Stderr, "1 messages have not come back 100ms after") != 2 {
		t.Errorf("got exit code %d, %q, want 1 and the count", r.Code, r.Stderr)
	}
}

func TestLoadWithoutServer(t *testing.T) {
	t.Parallel()
	addr := listen(t, func(*net.TCPConn) {})
	closed := strings.Replace(addr, "127.0.0.1", "127.0.0.2", 1) // no process listens there
	r := program.Run(t, "", nil, "load", "-addr", closed, "-c", "8", "-d", "100ms")
	if r.Code != 1 || !strings.Contains(r.Stderr, "refused") || !strings.Contains(r.Stderr, "and 3 more") {
		t.Errorf("got exit code %d, %q, want 1 and the reasons", r.Code, r.Stderr)
	}
	r = program.Run(t, "", nil, "load", "-addr", "no port")
	if r.Code != 1 || !strings.Contains(r.Stderr, "no port") {
		t.Errorf("got exit code %d, %q, want 1 and the reason", r.Code, r.Stderr)
	}
}

func TestLoadPrintsJSON(t *testing.T) {
	t.Parallel()
	server := program.Serve(t, nil, "serve", "-addr", "127.0.0.1:0")
	r := program.Run(t, "", nil, "load", "-addr", server.Addr, "-c", "4", "-n", "5", "-d", "80s", "-json")
	var got result
	if err := json.Unmarshal([]byte(r.Stdout), &got); err != nil {
		t.Fatalf("%v: %s", err, r.Stdout)
	}
	if r.Code != 0 || got.Connections != 4 || got.Messages != 20 || got.Rate <= 0 || got.P50 <= 0 || got.P999 < got.P50 || got.Failed != 0 {
		t.Errorf("got exit code %d, %+v", r.Code, got)
	}
}

func TestLoadEndsOnSIGINT(t *testing.T) {
	t.Parallel()
	server := program.Serve(t, nil, "serve", "-addr", "127.0.0.1:0")
	p := program.Start(t, "", "load", "-addr", server.Addr, "-c", "4", "-d", "1h")
	probe := dial(t, server.Addr)
	ping(t, probe, "x")
	apptest.Until(t, patience, "the load is connected", func() bool { return connections(t, p.PID()) >= 4 })
	p.Signal(syscall.SIGINT)
	p.Wait(patience)
}
