package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

//go:embed yardstick/epoll.c
var epollSource []byte

// contender is a server in the comparison.
type contender struct {
	name    string
	command []string
	rates   []float64 // messages per second, one value per round
	cpus    []float64 // nanoseconds of processor time per message
}

// yardstick is the contender to which the ratios refer.
const yardstick = "C, epoll"

func (c config) contenders(ctx context.Context, w io.Writer) ([]*contender, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var all []*contender
	if path, why := c.compile(ctx); why == nil {
		all = append(all, &contender{name: yardstick, command: []string{path}})
	} else {
		fmt.Fprintf(w, "skipped %s: %v\n", yardstick, why)
	}
	echo := filepath.Join(c.dir, "echo")
	return append(all,
		&contender{name: "Go, package net", command: []string{self, "netserver"}},
		&contender{name: "edgewise, handlers", command: []string{echo, "serve", "-addr", "127.0.0.1:0", "-task", "handler"}},
		&contender{name: "edgewise, coroutines", command: []string{echo, "serve", "-addr", "127.0.0.1:0", "-task", "coroutine"}},
	), nil
}

// compile builds the C server, or returns why it cannot.
func (c config) compile(ctx context.Context) (string, error) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		return "", err
	}
	source, out := filepath.Join(c.dir, "epoll.c"), filepath.Join(c.dir, "epoll")
	if err := os.WriteFile(source, epollSource, 0o666); err != nil {
		return "", err
	}
	return out, build(ctx, out, cc, "-O2", "-Wall", "-o", out, source)
}

// echo runs every contender in turn, so that other activity on the machine affects all alike.
func (c config) echo(ctx context.Context, w io.Writer) error {
	all, err := c.contenders(ctx, w)
	if err != nil {
		return err
	}
	for round := range c.rounds {
		for i := range all {
			s := all[(i+round)%len(all)] // no contender always follows the same one
			note("\rround %d of %d: %-24s", round+1, c.rounds, s.name)
			if err := c.turn(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	note("\r%-50s\r", "")
	fmt.Fprintf(w, "echo: %d connections, %d B, %d in flight on each, one loop, %d turns of %v\n", c.conns, c.size, c.depth, c.rounds, c.duration)
	return table(w, all)
}

// table prints medians and their ratios to the yardstick. In both ratios more is better: that of
// the processor time is inverted.
func table(w io.Writer, all []*contender) error {
	rate, cpu := median(all[0].rates), median(all[0].cpus)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "server\tmessages/s\tCPU ns/message\trate ratio\tCPU ratio\t\n")
	for _, s := range all {
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.2f\t%.2f\t\n", s.name, median(s.rates), median(s.cpus), median(s.rates)/rate, cpu/median(s.cpus))
	}
	fmt.Fprintf(t, "\t\t\t(to %s)\t\t\n", all[0].name)
	return t.Flush()
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// turn starts the server, loads it, and records its rate and processor time.
func (c config) turn(ctx context.Context, s *contender) error {
	server, err := start(ctx, serverCPU, s.command)
	if err != nil {
		return err
	}
	defer server.stop()
	// The cost of making and closing a connection is not part of the cost of a message.
	at := map[string]time.Duration{}
	result, err := load{c.conns, c.size, c.depth, c.duration}.run(ctx, filepath.Join(c.dir, "echo"), server.addr, func(phase string) error {
		cpu, err := server.cpu()
		at[phase] = cpu
		return err
	})
	if err != nil {
		return err
	}
	s.rates = append(s.rates, result.Rate)
	s.cpus = append(s.cpus, float64(at["over"]-at["begun"])/result.Messages)
	return nil
}

// load describes the load of an echo server: connections, bytes per message, messages in flight per
// connection, and duration.
type load struct {
	conns, size, depth int
	duration           time.Duration
}

// loaded is the report of the load.
type loaded struct {
	Messages float64 `json:"messages"`
	Rate     float64 `json:"messages_per_second"`
}

// run makes the program echo load the server at addr. It calls phase when the load has begun and
// when it is over.
func (l load) run(ctx context.Context, echo, addr string, phase func(string) error) (loaded, error) {
	var result loaded
	out, err := output(ctx, loadCPU, []string{echo, "load", "-addr", addr, "-json", "-phases",
		"-c", strconv.Itoa(l.conns), "-s", strconv.Itoa(l.size), "-p", strconv.Itoa(l.depth), "-d", l.duration.String()}, phase)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal(out, &result); err != nil {
		return result, fmt.Errorf("load printed %q: %w", out, err)
	}
	if result.Messages == 0 {
		return result, fmt.Errorf("no message came back in %v", l.duration)
	}
	return result, nil
}
