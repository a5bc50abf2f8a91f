// Package compare compares this workspace with its peers at all kinds of loads, and writes the
// tables and the plot of the READMEs.
package compare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/contender"
	"github.com/edgewise-go/edgewise/bench/internal/program"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
)

const long = `Compares the servers of this workspace with peers at ten loads. Each server runs on one processor and with one loop, in
a process of its own per turn, with the load on another processor. In each round every server takes one turn at a load, so that
other activity on the machine affects all alike. A ratio compares the processor time of two turns of the same round; the
median of the rounds counts, and higher is better. The reference is the first server that is measured, usually the
loop in C on epoll.

Beside processor time per message, user and system, it prints the rate, the latency, context switches and system
calls per message, and the memory per idle connection. System calls are counted in a turn of their own, because counting
slows them; that needs the right to use perf events. Each load that a peer does with less processor time than all
forms of this workspace names that peer.

The loads (--only):
  few, many  messages on 64 and on 1,000 connections    bulk64k, bulk1m  large messages
  pipeline   16 messages in flight on each connection   sink             bulk in one direction
  kib        1 KiB messages                             paced            20,000 messages/s, with the latency from when each was due
  churn      connect, one message, close                idle             resident memory per idle connection
The servers (--only):
  c, cring, uv             C: a loop on epoll, one on io_uring, libuv
  mio, tokio               Rust: a loop on mio, tasks on tokio
  goepoll, net             Go: a loop on raw epoll, goroutines on package net
  gnet, netpoll, nbio      packages for Go
  handlers, coroutines     this workspace, on epoll
  handlers-ring, coroutines-ring  this workspace, on io_uring with completions
A server that cannot be built or started here is printed with the reason.`

// ours returns the servers of this workspace. echo is the path of the program.
func ours(echo string) []*contender.Contender {
	return []*contender.Contender{
		contender.Ours("handlers", echo, strategy.Handler, "epoll", "readiness"),
		contender.Ours("coroutines", echo, strategy.Coroutine, "epoll", "readiness"),
		contender.Ours("handlers-ring", echo, strategy.Handler, "iouring", "completion"),
		contender.Ours("coroutines-ring", echo, strategy.Coroutine, "iouring", "completion"),
	}
}

// serverWords returns the words of all servers.
func serverWords() []string {
	words := contender.Words()
	for _, s := range ours("") {
		words = append(words, s.Word)
	}
	return words
}

type config struct {
	rounds   int
	duration time.Duration
	only     []string
	held     int
	echo     string

	json, from, write string
	markdown          bool
}

// Command returns the command.
func Command() *cobra.Command {
	c := &config{}
	cmd := cli.Measure("compare", "Compare with the peers at all loads, and write the tables and the plot of the READMEs", long, c.run)
	f := cmd.Flags()
	f.IntVar(&c.rounds, "rounds", 7, "turns of each server at each load; the median counts")
	f.DurationVarP(&c.duration, "duration", "d", time.Second, "length of a turn")
	f.StringSliceVar(&c.only, "only", nil, "loads and servers to measure, comma-separated; all if it names none of a kind")
	f.IntVar(&c.held, "idle", 10_000, "idle connections; the limit of descriptors per process must be higher")
	program.EchoFlag(f, &c.echo)
	f.StringVar(&c.json, "json", "", "file to write all figures to, as JSON")
	f.StringVar(&c.from, "from", "", "file that --json has written; prints or writes its figures and measures nothing")
	f.BoolVar(&c.markdown, "markdown", false, "print tables in Markdown")
	f.StringVar(&c.write, "write", "", "root of the workspace: writes bench/doc/compare.json, the tables and the plot beside it, and their parts of the READMEs")
	cli.Positive(cmd, "rounds", "duration", "idle")
	return cmd
}

// chosen returns the words of --only that are in known, or all of known if there are none.
func (c *config) chosen(known []string) []string {
	var some []string
	for _, word := range known {
		if slices.Contains(c.only, word) {
			some = append(some, word)
		}
	}
	if len(some) == 0 {
		return known
	}
	return some
}

func (c *config) run(ctx context.Context, out io.Writer) error {
	if c.only != nil {
		if err := cli.SomeOf("only", c.only, slices.Concat(workWords(), serverWords())); err != nil {
			return err
		}
	}
	var result *Result
	var err error
	if c.from != "" {
		result, err = read(c.from)
	} else {
		result, err = c.measure(ctx, out)
	}
	if err != nil {
		return err
	}
	if c.json != "" {
		if err := writeJSON(c.json, result); err != nil {
			return err
		}
	}
	if err := result.print(out, c.markdown); err != nil {
		return err
	}
	if c.write != "" {
		if err := result.write(out, c.write); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(result.Failed, func(f Failure) bool { return result.server(f.Server).Ours }) {
		return errors.New("a server of this workspace failed, see above")
	}
	return nil
}

// read reads what writeJSON has written.
func read(name string) (*Result, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	result := &Result{}
	if err := json.Unmarshal(text, result); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(result.Servers) == 0 || len(result.Works) == 0 {
		return nil, fmt.Errorf("%s: no servers or no loads: want a file that --json has written", name)
	}
	return result, nil
}

func writeJSON(name string, result *Result) error {
	text, err := json.MarshalIndent(result, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o666)
}

// versions lists what the servers are built on.
func (r *Result) versions() string {
	var parts []string
	for _, s := range r.Servers {
		if s.Version != "" && s.Version != r.Machine.Go {
			parts = append(parts, s.Name+": "+s.Version)
		}
	}
	return strings.Join(parts, "; ")
}
