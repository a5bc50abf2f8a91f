package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/edgewise-go/edgewise/apps/bench/buffers"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/bufstrategy"
)

const burstUsage = `usage: bench burst [flags]

Every connection has a burst, consumes it, and becomes idle: its buffer and the pool are trimmed. For each strategy it
prints the memory of the buffers and of Go's heap before, at the maximum and after: first with sources in memory, then
(on Linux) on sockets whose peers are another process. All bursts at once would not fit in memory, so the connections
have theirs in waves. The exit code is 1 if the memory after is more than 5 percent above the memory before.`

type burstConfig struct {
	conns, sockets, size int
	live                 int64
	seed                 uint64
	names                string
}

// burstBytes is the default size of a burst.
const burstBytes = 64 << 10

// register adds the flags that bench buffers shares.
func (c *burstConfig) register(fs *flag.FlagSet) {
	fs.IntVar(&c.conns, "burst", 100_000, "connections without sockets that have a burst; 0 for none")
	fs.IntVar(&c.sockets, "sockets", burstSockets, "connections with sockets that have a burst, on Linux; 0 for none")
	fs.Int64Var(&c.live, "live", 256<<20, "maximum unread bytes of bursts at once")
}

func (c *burstConfig) check() error {
	switch {
	case c.conns < 0 || c.sockets < 0 || c.size < 1 || c.size > bufstrategy.MaxLimit:
		return cli.Usagef("-burst and -sockets must not be less than 0, and -bytes must be from 1 to %d", bufstrategy.MaxLimit)
	case c.live < int64(c.size):
		return cli.Usagef("-live must be at least a burst")
	case c.sockets > 0 && burstSockets == 0:
		return cli.Usagef("-sockets is only for Linux")
	}
	return nil
}

func bursts(ctx context.Context, args []string) error {
	var c burstConfig
	fs := flag.NewFlagSet("bench burst", flag.ContinueOnError)
	c.register(fs)
	fs.IntVar(&c.size, "bytes", burstBytes, "bytes of a burst")
	fs.StringVar(&c.names, "buffer", strings.Join(bufstrategy.Names(), ","), "strategies, comma-separated")
	fs.Uint64Var(&c.seed, "seed", 0, "seed of the bytes; 0 takes a random one")
	if err := parseWords(fs, args, burstUsage); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	if c.seed == 0 {
		c.seed = rand.Uint64()
	}
	names := strings.Split(c.names, ",")
	for _, name := range names {
		if !slices.Contains(bufstrategy.Names(), name) {
			return cli.Usagef("-buffer %s: want some of %s", name, strings.Join(bufstrategy.Names(), ","))
		}
	}
	fmt.Printf("%s; seed %d\n\n", buffersSystem(), c.seed)
	checks, _, err := c.run(ctx, os.Stdout, names)
	if err != nil {
		return fmt.Errorf("seed %d: %w", c.seed, err)
	}
	if !buffers.ReportChecks(os.Stdout, checks) {
		return errors.New("memory was not given back")
	}
	return nil
}

// run measures and prints the tables. It returns the checks, and the figures by kind of source.
func (c *burstConfig) run(ctx context.Context, out io.Writer, names []string) (checks []buffers.Check, rows map[string][]buffers.BurstRow, err error) {
	rows = map[string][]buffers.BurstRow{}
	measure := func(kind string, conns int, open func(b buffers.Burst) (buffers.Sources, func() error, error)) (err error) {
		if conns == 0 {
			return nil
		}
		b := buffers.Burst{Conns: conns, Bytes: c.size, Live: c.live, Names: names, Seed: c.seed, Progress: noteOver}
		from, done, err := open(b)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, done()) }()
		if rows[kind], err = b.Run(ctx, from); err != nil {
			return err
		}
		for _, r := range rows[kind] {
			checks = append(checks, r.Checks(kind)...)
		}
		noteOver("")
		return buffers.ReportBurst(out, b, kind, rows[kind])
	}
	err = measure("without sockets", c.conns, func(b buffers.Burst) (buffers.Sources, func() error, error) {
		return b.MemorySources(), func() error { return nil }, nil
	})
	if err == nil {
		err = measure("on sockets", c.sockets, func(b buffers.Burst) (buffers.Sources, func() error, error) { return openBurstSockets(ctx, b) })
	}
	return checks, rows, err
}

// noteOver prints a progress message in place of the previous one.
func noteOver(format string, args ...any) {
	note("\r%-70s\r", fmt.Sprintf(format, args...))
}
