// Package idle measures the memory of idle connections and of waiting handlers.
package idle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/program"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bench/internal/server"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
	"github.com/edgewise-go/edgewise/queue/auto"
)

const long = `Servers hold idle connections and report their memory, before and after each connection has had one message: in handler
form, in coroutine form, and with TLS in both, next to servers of package net with a goroutine per connection. Memory is
the resident memory of the process (RssAnon), and Go's heap and stacks after a garbage collection, each minus its value
before the first connection. The memory of the kernel is not included.

It then registers handlers with a loop over an event queue in memory, and prints their size and the cost of a garbage
collection.`

type config struct {
	conns, tls, registrations int
	servers, ways             []string
	report                    time.Duration
	queue, mode               string
	echo                      string
}

// Command returns the command.
func Command() *cobra.Command {
	c := &config{}
	cmd := cli.Measure("idle", "Measure the memory of idle connections and of waiting handlers", long, c.measure)
	f := cmd.Flags()
	f.IntVarP(&c.conns, "connections", "c", 18_000, "connections; the limit of descriptors per process must be higher")
	f.IntVar(&c.tls, "tls", 9_000, "connections with TLS")
	f.IntVar(&c.registrations, "registrations", 1_000_000, "handlers on a queue in memory")
	f.StringSliceVar(&c.servers, "server", serverWords(), "what to measure, comma-separated")
	f.DurationVar(&c.report, "report", 200*time.Millisecond, "time between two reports of a server; each report collects garbage")
	f.StringVar(&c.queue, "queue", auto.Auto, "mechanism of the event queue of the servers")
	f.StringVar(&c.mode, "mode", "edge", "mode of the event queue")
	f.StringSliceVar(&c.ways, "ways", nil, "event queue and -io of the servers handler and coroutine, comma-separated, as epoll/readiness; replaces --queue for them")
	program.EchoFlag(f, &c.echo)
	cli.Positive(cmd, "connections", "tls", "registrations", "report")
	return cmd
}

// heldServer is a server that holds connections.
type heldServer struct {
	word    string // in --server
	name    string
	tls     bool
	command []string
}

// clientMax bounds the connections of one client process. The server's ends count against the
// server's own limit of descriptors.
const clientMax = 9000

// memoryWord is the value of --server that is not a server: the queue in memory.
const memoryWord = "memory"

// serverWords returns the values of --server.
func serverWords() []string {
	return []string{"handler", "coroutine", "net", "tls", "tlscoroutine", "nettls", memoryWord}
}

func (c *config) measure(ctx context.Context, out io.Writer) error {
	err := errors.Join(cli.SomeOf("server", c.servers, serverWords()), cli.SomeOf("queue", []string{c.queue}, auto.Names()),
		cli.SomeOf("mode", []string{c.mode}, strategy.ModeNames()))
	if err != nil {
		return err
	}
	if slices.ContainsFunc(c.servers, func(word string) bool { return word != memoryWord }) {
		echo, remove, err := program.BuildEcho(ctx, c.echo)
		if err != nil {
			return err
		}
		defer remove()
		if err := c.run(ctx, out, echo); err != nil {
			return err
		}
	}
	if slices.Contains(c.servers, memoryWord) {
		return registrations(out, c.registrations)
	}
	return nil
}

func (c *config) all(echo string) ([]heldServer, error) {
	self, err := process.Self()
	if err != nil {
		return nil, err
	}
	ways, name := c.ways, func(form, way string) string { return "edgewise, " + form + ", " + way }
	if len(ways) == 0 {
		ways, name = []string{c.queue + "/auto"}, func(form, _ string) string { return "edgewise, " + form }
	}
	role := func(word string, more ...string) []string {
		return slices.Concat(self, []string{word, "--report", c.report.String()}, more)
	}
	of := []string{"--queue", c.queue, "--mode", c.mode, "--task"}
	var all []heldServer
	for _, form := range []string{strategy.Handler, strategy.Coroutine} {
		for _, way := range ways {
			queue, io, ok := strings.Cut(way, "/")
			if !ok {
				return nil, cli.Usagef("--ways %s: want an event queue and -io, as epoll/readiness", way)
			}
			all = append(all, heldServer{form, name(form+"s", way), false, []string{echo, "serve", "-addr", "127.0.0.1:0", "-queue", queue, "-io", io,
				"-mode", c.mode, "-report", c.report.String(), "-collect", "-task", form, "-buffer", "perloop"}})
		}
	}
	return append(all, []heldServer{
		{"net", "package net, goroutines", false, role(server.NetWord)},
		{"tls", "edgewise, TLS, handlers", true, role(server.TLSWord, append(of[:len(of):len(of)], strategy.Handler)...)},
		{"tlscoroutine", "edgewise, TLS, coroutines", true, role(server.TLSWord, append(of[:len(of):len(of)], strategy.Coroutine)...)},
		{"nettls", "package net, TLS, goroutines", true, role(server.NetWord, "--tls")},
	}...), nil
}

func (c *config) run(ctx context.Context, w io.Writer, echo string) error {
	all, err := c.all(echo)
	if err != nil {
		return err
	}
	t := report.NewTable(w)
	progress := report.NewProgress(len(all))
	defer progress.End()
	fmt.Fprintf(w, "idle: bytes per connection\n")
	fmt.Fprintf(t, "\tconnections\tconnected: resident\theap\tstacks\tafter a message: resident\theap\tstacks\t\n")
	for _, s := range all {
		if !slices.Contains(c.servers, s.word) {
			continue
		}
		n := c.conns
		if s.tls {
			n = c.tls
		}
		progress.Begin("%s", s.name)
		r, err := s.hold(ctx, n)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", s.name, n, r[0].rss/n, r[0].heap/n, r[0].stack/n, r[1].rss/n, r[1].heap/n, r[1].stack/n)
		progress.Done()
	}
	progress.End()
	return t.Flush()
}

// held is the memory of a server.
type held struct{ rss, heap, stack int }

func (h held) less(o held) held { return held{h.rss - o.rss, h.heap - o.heap, h.stack - o.stack} }

// hold returns the memory of n connections: after connecting, and after a message on each.
func (s heldServer) hold(ctx context.Context, n int) (r [2]held, err error) {
	srv, err := process.Start(ctx, process.ServerCPU, s.command)
	if err != nil {
		return r, err
	}
	defer srv.Stop()
	before, err := heldBy(ctx, srv, 0)
	if err != nil {
		return r, err
	}
	all, err := startClients(ctx, srv.Addr, n, s.tls)
	defer func() { err = errors.Join(err, all.end()) }()
	if err != nil {
		return r, err
	}
	for i := range r {
		if err := all.next(); err != nil {
			return r, err
		}
		now, err := heldBy(ctx, srv, n)
		if err != nil {
			return r, err
		}
		r[i] = now.less(before)
	}
	return r, nil
}

// heldBy returns the memory of a server once it has so many tasks.
func heldBy(ctx context.Context, s *process.Server, tasks int) (held, error) {
	line, err := s.NextReport(ctx, tasks)
	if err != nil {
		return held{}, err
	}
	rss, err := s.Resident()
	return held{rss: rss, heap: line.Heap, stack: line.Stack}, err
}
