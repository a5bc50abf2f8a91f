package dns

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/stub"
)

// clientWord is the word of the role that looks names up at full speed.
const clientWord = "dns-client"

// goName is the client that uses package net directly, with goroutines.
const goName = "go"

type client struct {
	resolver, server string
	outstanding      int
	warmup, duration time.Duration
}

// Client returns the role of the clients in Go.
func Client() *cobra.Command {
	c := &client{}
	cmd := cli.Role(clientWord, "DNS client for resolve cost; prints its counts", c.serve)
	f := cmd.Flags()
	f.StringVar(&c.resolver, "resolver", eventedName, "what looks names up: a strategy, or go for package net")
	f.StringVar(&c.server, "server", "", "address of the server")
	f.IntVar(&c.outstanding, "outstanding", 256, "lookups in flight")
	f.DurationVar(&c.warmup, "warmup", 200*time.Millisecond, "time before the measurement")
	f.DurationVarP(&c.duration, "duration", "d", time.Second, "length of the measurement")
	cli.Positive(cmd, "outstanding", "duration")
	return cmd
}

// names is the number of names that a client asks for in turn: many more than are in flight.
const names = 8192

func name(i int) string { return fmt.Sprintf("host%d.bench.example", i) }

func (c *client) serve(out io.Writer) error {
	server, err := netip.ParseAddrPort(c.server)
	if err != nil {
		return cli.Usagef("--server %q: %w", c.server, err)
	}
	var t tally
	if c.resolver == goName {
		t, err = c.measureGo(server)
	} else {
		t, err = c.measureStrategy(server)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(t)
}

func (c *client) measureStrategy(server netip.AddrPort) (tally, error) {
	m, err := newStrategy(c.resolver, []netip.AddrPort{server}, stub.Options{})
	if err != nil {
		return tally{}, err
	}
	defer m.close()
	questions := make([]resolve.Question, names)
	for i := range questions {
		if questions[i], err = resolve.NewQuestion(name(i), resolve.TypeA); err != nil {
			return tally{}, err
		}
	}
	i := 0
	u := newUsers(m, c.outstanding, 1<<30, func() resolve.Question {
		i = (i + 1) % names
		return questions[i]
	})
	u.run(c.warmup)
	u.reset()
	begin, err := newMark()
	if err != nil {
		return tally{}, err
	}
	u.run(c.duration)
	t, err := begin.since()
	t.Lookups, t.Failed = u.answered, u.failed
	u.stop()
	return t, err
}

// measureGo uses a goroutine per lookup in flight, as programs on package net do.
func (c *client) measureGo(server netip.AddrPort) (tally, error) {
	r := goResolver(server)
	var hosts [names]string
	for i := range hosts {
		hosts[i] = name(i) + "." // absolute: no search list
	}
	var next, answered, failed atomic.Int64
	for range c.outstanding {
		go func() { // ends with the process
			for {
				if _, err := r.LookupNetIP(context.Background(), "ip4", hosts[next.Add(1)%names]); err != nil {
					failed.Add(1)
				} else {
					answered.Add(1)
				}
			}
		}()
	}
	time.Sleep(c.warmup)
	was, wasFailed := answered.Load(), failed.Load()
	begin, err := newMark()
	if err != nil {
		return tally{}, err
	}
	time.Sleep(c.duration)
	t, err := begin.since()
	t.Lookups, t.Failed = int(answered.Load()-was), int(failed.Load()-wasFailed)
	return t, err
}
