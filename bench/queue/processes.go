package queue

import (
	"encoding/json"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sys"
)

// Words of the roles.
const (
	serverWord = "queue-server"
	loadWord   = "queue-load"
)

// echo is the flags of both roles. The connections are the descriptors from 3 on.
type echo struct {
	queue, mode     string
	messages, depth int
}

// Server returns the role of the server.
func Server() *cobra.Command {
	e := &echo{}
	cmd := cli.Role(serverWord, "Echo server on inherited sockets, for queue; prints its counts", e.serve)
	f := cmd.Flags()
	f.StringVar(&e.queue, "queue", auto.Auto, "mechanism of the event queue")
	f.StringVar(&e.mode, "mode", "edge", "mode of the event queue")
	f.IntVarP(&e.messages, "messages", "n", 0, "messages to answer")
	return cmd
}

// Load returns the role of the load.
func Load() *cobra.Command {
	e := &echo{}
	cmd := cli.Role(loadWord, "Load on inherited sockets, for queue", e.load)
	f := cmd.Flags()
	f.IntVarP(&e.messages, "messages", "n", 0, "messages to send")
	f.IntVarP(&e.depth, "depth", "p", 1, "connections with a message in flight")
	return cmd
}

// serve answers messages with one read and one write each, and prints its counts.
func (e *echo) serve(out io.Writer) error {
	if err := cli.SomeOf("mode", []string{e.mode}, strategy.ModeNames()); err != nil {
		return err
	}
	mode := strategy.Mode(e.mode)
	q, err := auto.ByName(e.queue)
	if err != nil {
		return err
	}
	defer q.Close()
	for i := range conns {
		if err := q.Add(handleAt(i), queue.Registration{Token: queue.Token(i), Interest: queue.Readable, Mode: mode}); err != nil {
			return err
		}
	}
	var t turn
	var begin time.Duration
	events := make([]queue.Event, conns)
	message := make([]byte, 2*messageBytes)
	for answered := 0; answered < e.messages; {
		n, err := q.Wait(events, -1)
		if err != nil {
			return err
		}
		if answered == 0 {
			if begin, err = process.OwnCPU(); err != nil {
				return err
			}
		}
		t.Waits++
		t.Events += int64(n)
		for _, event := range events[:n] {
			h := handleAt(int(event.Token))
			n, err := sys.Recv(h, message)
			if err == sys.ErrWouldBlock {
				n = 0
			} else if err != nil {
				return err
			}
			if n > 0 {
				if _, err := sys.Send(h, message[:n]); err != nil {
					return err
				}
				answered += n / messageBytes
			}
			// A short read has drained the stream: no second read is needed to detect that.
			switch mode {
			case queue.Edge:
				err = q.WouldBlock(h, queue.Readable)
			case queue.OneShot:
				err = q.Modify(h, queue.Registration{Token: event.Token, Interest: queue.Readable, Mode: mode})
			}
			if err != nil {
				return err
			}
		}
	}
	end, err := process.OwnCPU()
	if err != nil {
		return err
	}
	t.CPU = end - begin
	return json.NewEncoder(out).Encode(t)
}

func handleAt(i int) sys.Handle { return sys.Handle(3 + i) }

// load keeps one message in flight on each of some connections, in turn.
func (e *echo) load(io.Writer) error {
	q, err := auto.ByName("poll")
	if err != nil {
		return err
	}
	defer q.Close()
	message := make([]byte, messageBytes)
	sent := 0
	send := func() error {
		n, err := sys.Send(handleAt(sent%conns), message)
		if err == nil && n < len(message) {
			err = io.ErrShortWrite
		}
		sent++
		return err
	}
	for i := range conns {
		if err := q.Add(handleAt(i), queue.Registration{Token: queue.Token(i), Interest: queue.Readable, Mode: queue.Level}); err != nil {
			return err
		}
	}
	for range min(e.depth, e.messages) {
		if err := send(); err != nil {
			return err
		}
	}
	events := make([]queue.Event, conns)
	for received := 0; received < e.messages; {
		n, err := q.Wait(events, -1)
		if err != nil {
			return err
		}
		for _, event := range events[:n] {
			if _, err := sys.Recv(handleAt(int(event.Token)), message); err != nil {
				return err
			}
			received++
			if sent < e.messages {
				if err := send(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
