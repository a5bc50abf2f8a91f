package main

import (
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/edgewise-go/edgewise/apps/internal/apptest"
)

// Once a server has ended, its address is free, and the next process listens on it at the first
// try. No signal handler runs at SIGKILL: nothing of the process may be left in the kernel that
// holds the listener.
func TestServerFreesItsAddressAtItsEnd(t *testing.T) {
	t.Parallel()
	rounds := 2
	if apptest.Full() {
		rounds = 100
	}
	for _, queue := range apptest.Queues(t) {
		for _, way := range []string{"readiness", "completion"} {
			for _, sig := range []os.Signal{syscall.SIGKILL, syscall.SIGTERM} {
				t.Run(queue+"/"+way+"/"+sig.String(), func(t *testing.T) {
					t.Parallel()
					taken := 0
					for range rounds {
						// No program connects from this address, so none takes the port meanwhile.
						args := []string{"serve", "-addr", "127.7.7.1:0", "-queue", queue, "-io", way, "-grace", "0s"}
						server := program.Serve(t, nil, args...)
						var conns []net.Conn
						for range 4 {
							c := dial(t, server.Addr)
							ping(t, c, "before the end")
							conns = append(conns, c)
						}
						server.Signal(sig)
						server.Wait(apptest.StopTimeout)
						l, err := net.Listen("tcp", server.Addr)
						if err != nil {
							t.Log(err)
							taken++
						} else {
							require.NoError(t, l.Close())
						}
						for _, c := range conns {
							c.Close()
						}
					}
					if taken > 0 {
						t.Errorf("the address was in use after %d of %d ends, want 0", taken, rounds)
					}
				})
			}
		}
	}
}
