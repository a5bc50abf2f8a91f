package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

// A server without descriptors serves the connections it has, does not spin over those it cannot accept, and accepts them when it can.
func TestServerOutOfDescriptors(t *testing.T) {
	for _, task := range []string{"coroutine", "handler"} {
		server := program.Serve(t, apptest.WithDescriptors(40), "serve", "-addr", "127.0.0.1:0", "-task", task)
		served := dial(t, server.Addr)
		ping(t, served, "before")
		// The kernel completes the handshake of all of them.
		var others []net.Conn
		for range 100 {
			others = append(others, dial(t, server.Addr))
		}
		apptest.Until(t, patience, "the server says that it cannot accept", func() bool { return strings.Contains(server.Stderr(), "cannot accept") })

		// It is at the bound all of this time.
		const during = 300 * time.Millisecond
		began, before := time.Now(), cpuTime(t, server.PID())
		for time.Since(began) < during {
			ping(t, served, "meanwhile")
			<-time.After(during / 10)
		}
		used, took := cpuTime(t, server.PID())-before, time.Since(began)
		if used > took/2 {
			t.Errorf("%s: the server used %v of %v, want less than half: it does next to nothing", task, used, took)
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
