package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/netip"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

// A UDP echo server and its client are tasks of one loop. Each call of the server receives as many
// datagrams as are queued, and it sends them back in as few calls.
func Example_datagrams() {
	q, _, err := auto.New()
	if err != nil {
		log.Fatal(err)
	}
	loop := sched.New(q, sched.Options{Mode: queue.Edge})
	server, err := stream.ListenPacket(loop.Waiter(), netip.MustParseAddrPort("127.0.0.1:0"), stream.PacketOptions{})
	if err != nil {
		log.Fatal(err)
	}
	loop.Go(context.Background(), "server", func(*sched.Task) error { return echo(server) })
	loop.Go(context.Background(), "client", func(t *sched.Task) error {
		defer server.Close()
		dialer := stream.Dialer{Waiter: loop.Waiter()}
		conn, err := dialer.DialContext(t.Context(), "udp", server.LocalAddr().String())
		if err != nil {
			return err
		}
		defer conn.Close()
		reply := make([]byte, 64)
		for _, text := range []string{"hello", "", "loop"} {
			if _, err := conn.Write([]byte(text)); err != nil {
				return err
			}
			n, err := conn.Read(reply)
			if err != nil {
				return err
			}
			fmt.Printf("%q\n", reply[:n])
		}
		return nil
	})
	loop.Drain()
	fmt.Println(loop.Run(context.Background()))
	// Output:
	// "hello"
	// ""
	// "loop"
	// <nil>
}

// echo sends each datagram back to its sender until conn is closed.
func echo(conn *stream.PacketConn) error {
	in := make([]stream.Message, stream.MaxBatch)
	out := make([]stream.Message, stream.MaxBatch)
	room := make([]byte, len(in)<<16)
	for i := range in {
		in[i].Buffer = room[i<<16 : (i+1)<<16]
	}
	for {
		n, err := conn.ReadBatch(in)
		for i, m := range in[:n] {
			out[i] = stream.Message{Buffer: m.Buffer[:m.N], Addr: m.Addr}
		}
		// Skip a datagram that cannot be sent back: UDP does not promise delivery.
		for left := out[:n]; len(left) > 0; {
			sent, err := conn.WriteBatch(left)
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			left = left[min(sent+1, len(left)):]
		}
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
