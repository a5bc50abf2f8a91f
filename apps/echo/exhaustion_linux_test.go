package main

import (
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

// A server without descriptors serves the connections it has. It does not spin on those it cannot
// accept, and accepts them when it can.
func TestServerOutOfDescriptors(t *testing.T) {
	t.Parallel()
	for _, task := range []string{"coroutine", "handler"} {
		server := program.Serve(t, apptest.WithDescriptors(40), "serve", "-addr", "127.0.0.1:0", "-task", task)
		served := dial(t, server.Addr)
		ping(t, served, "before")
		// The kernel completes the handshake of all of them.
		var others []net.Conn
		for range 100 {
			others = append(others, dial(t, server.Addr))
		}
		apptest.Until(t, patience, "the server reports that it cannot accept", func() bool { return strings.Contains(server.Stderr(), "cannot accept") })

		// A server that spins on connections it cannot accept never sleeps.
		for range 3 {
			ping(t, served, "meanwhile")
			apptest.Until(t, patience, "the server sleeps", func() bool { return apptest.AllThreads(t, server.PID(), apptest.Sleeping) })
		}

		for _, c := range others[:90] {
			c.Close()
		}
		for _, c := range others[90:] {
			ping(t, c, "accepted at last")
		}
		ping(t, served, "after")
		last := dial(t, server.Addr)
		ping(t, last, "new")
		for _, c := range append(others[90:], served, last) {
			c.Close()
		}
		server.Stop(0)
	}
}

// The Go runtime ends a process without descriptors at its first timer, unless it has opened its
// own poller before. Peers decide when no descriptor is left, and the first timer may be that of
// the shutdown.
func TestServerOutOfDescriptorsStops(t *testing.T) {
	t.Parallel()
	for _, queue := range apptest.Queues(t) {
		t.Run(queue, func(t *testing.T) {
			t.Parallel()
			server := program.Serve(t, apptest.WithDescriptors(40), "serve", "-addr", "127.0.0.1:0", "-queue", queue)
			var conns []net.Conn
			for range 100 {
				conns = append(conns, dial(t, server.Addr))
			}
			apptest.Until(t, patience, "the server reports that it cannot accept", func() bool { return strings.Contains(server.Stderr(), "cannot accept") })
			server.Signal(syscall.SIGTERM)
			// The server closes its listener after it has started the timer of the shutdown.
			apptest.Until(t, patience, "the server refuses connections", func() bool {
				c, err := net.Dial("tcp", server.Addr)
				if err == nil {
					c.Close()
				}
				return err != nil
			})
			for _, c := range conns {
				c.Close()
			}
			if r := server.Wait(apptest.StopTimeout); r.Code != 0 {
				t.Errorf("got exit code %d, want 0; stderr:\n%s", r.Code, r.Stderr)
			}
		})
	}
}
