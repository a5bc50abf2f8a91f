package main

import (
	"encoding/json"
	"flag"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sys"
)

// queueFlags parses the flags of both processes. The connections are the descriptors from 3 on.
func queueFlags(args []string) (mechanism string, mode queue.Mode, messages, flight int, err error) {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.StringVar(&mechanism, "queue", auto.Auto, "mechanism")
	name := fs.String("mode", queue.Edge.String(), "mode")
	fs.IntVar(&messages, "n", 0, "messages")
	fs.IntVar(&flight, "p", 1, "connections with a message in flight")
	if err := cli.Parse(fs, args, "internal"); err != nil {
		return "", 0, 0, 0, err
	}
	for _, m := range queueModes {
		if m.String() == *name {
			return mechanism, m, messages, flight, nil
		}
	}
	return "", 0, 0, 0, cli.Usagef("unknown mode %q", *name)
}

// queueServer answers messages with one read and one write each, and prints its counts.
func queueServer(args []string) error {
	mechanism, mode, messages, _, err := queueFlags(args)
	if err != nil {
		return err
	}
	q, err := auto.ByName(mechanism)
	if err != nil {
		return err
	}
	defer q.Close()
	for i := range queueConns {
		if err := q.Add(handleAt(i), queue.Registration{Token: queue.Token(i), Interest: queue.Readable, Mode: mode}); err != nil {
			return err
		}
	}
	var t queueTurn
	var begin time.Duration
	events := make([]queue.Event, queueConns)
	message := make([]byte, 2*queueMessage)
	for answered := 0; answered < messages; {
		n, err := q.Wait(events, -1)
		if err != nil {
			return err
		}
		if answered == 0 {
			begin = ownCPU()
		}
		t.Waits++
		t.Events += int64(n)
		for _, e := range events[:n] {
			h := handleAt(int(e.Token))
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
				answered += n / queueMessage
			}
			// A short read has drained the stream: no second read is needed to detect that.
			switch mode {
			case queue.Edge:
				err = q.WouldBlock(h, queue.Readable)
			case queue.OneShot:
				err = q.Modify(h, queue.Registration{Token: e.Token, Interest: queue.Readable, Mode: mode})
			}
			if err != nil {
				return err
			}
		}
	}
	t.CPU = ownCPU() - begin
	return json.NewEncoder(os.Stdout).Encode(t)
}

func handleAt(i int) sys.Handle { return sys.Handle(3 + i) }

func ownCPU() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// queueLoad keeps one message in flight on each of some connections, in turn.
func queueLoad(args []string) error {
	_, _, messages, flight, err := queueFlags(args)
	if err != nil {
		return err
	}
	q, err := auto.ByName("poll")
	if err != nil {
		return err
	}
	defer q.Close()
	message := make([]byte, queueMessage)
	sent := 0
	send := func() error {
		n, err := sys.Send(handleAt(sent%queueConns), message)
		if err == nil && n < len(message) {
			err = io.ErrShortWrite
		}
		sent++
		return err
	}
	for i := range queueConns {
		if err := q.Add(handleAt(i), queue.Registration{Token: queue.Token(i), Interest: queue.Readable, Mode: queue.Level}); err != nil {
			return err
		}
	}
	for range min(flight, messages) {
		if err := send(); err != nil {
			return err
		}
	}
	events := make([]queue.Event, queueConns)
	for received := 0; received < messages; {
		n, err := q.Wait(events, -1)
		if err != nil {
			return err
		}
		for _, e := range events[:n] {
			if _, err := sys.Recv(handleAt(int(e.Token)), message); err != nil {
				return err
			}
			received++
			if sent < messages {
				if err := send(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
