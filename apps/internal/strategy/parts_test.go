//go:build unix

package strategy

import (
	"context"
	"net"
	"strconv"
	"testing"

	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
	"github.com/stretchr/testify/require"
)

// A dialer resolves "localhost", in parts and as a whole, and a name that does not exist. The
// second lookup comes from memory.
func TestADialerResolvesByAHost(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	q, err := auto.ByName("auto")
	require.NoError(t, err)
	loop := sched.New(q, sched.Options{})
	resolver, err := Flags{Resolve: "pool"}.OpenResolver()
	require.NoError(t, err)
	defer resolver.Close()
	inbox := NewInbox(loop)
	err = loop.Go(t.Context(), "dial", func(task *sched.Task) error {
		for _, d := range []stream.Dialer{{ResolveParts: resolver.Parts(inbox)}, {Resolve: resolver.For(task, inbox)}} {
			d.Waiter = loop.Waiter()
			for range 2 {
				c, err := d.DialContext(task.Context(), "tcp", net.JoinHostPort("localhost", port))
				if err != nil {
					return err
				}
				if err := c.Close(); err != nil {
					return err
				}
				if c, err := d.DialContext(task.Context(), "tcp", "not..a.name:1"); err == nil {
					c.Close()
					t.Error("the dial of a name that does not exist succeeded")
				}
			}
		}
		// A dial that ends before its resolver leaves only a completion that no task receives.
		ctx, cancel := context.WithCancel(task.Context())
		cancel()
		d := stream.Dialer{Waiter: loop.Waiter(), ResolveParts: resolver.Parts(inbox)}
		if c, err := d.DialContext(ctx, "tcp", "localhost:1"); err == nil {
			c.Close()
			t.Error("a canceled dial succeeded")
		}
		return nil
	})
	require.NoError(t, err)
	loop.Drain()
	if err := loop.Run(context.Background()); err != nil {
		t.Error(err)
	}
}
