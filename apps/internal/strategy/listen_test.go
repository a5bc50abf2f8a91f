//go:build unix

package strategy

import (
	"testing"

	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/stretchr/testify/require"
)

// If the system has IPv6, a listener on every interface serves IPv4 too.
func TestListenOnEveryInterface(t *testing.T) {
	kit, err := Flags{Queue: "auto", Mode: "edge", Resolve: "pool", Task: "coroutine", Loops: 2}.Open(sched.Options{})
	require.NoError(t, err)
	addr, err := ParseListenAddr(":0")
	require.NoError(t, err)
	listeners, err := kit.Listen(addr, stream.ListenOptions{})
	require.NoError(t, err)
	for _, l := range listeners {
		if l.AddrPort() != listeners[0].AddrPort() || l.AddrPort().Port() == 0 || !l.AddrPort().Addr().IsUnspecified() {
			t.Errorf("got a listener on %v, want all on one port of every interface", l.AddrPort())
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}
