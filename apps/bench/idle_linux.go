package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
)

const idleUsage = `usage: bench idle [flags]

Servers hold idle connections and report their memory, before and after each connection has had one message: in handler
form, in coroutine form, and with TLS in both, next to servers of package net with a goroutine per connection. Memory is
the resident memory of the process (RssAnon), and Go's heap and stacks after a garbage collection, each minus its value
before the first connection. The memory of the kernel is not included.

It then registers handlers with a loop over an event queue in memory, and prints their size and the cost of a garbage
collection.`

type idleConfig struct {
	conns, tls, registrations int
	servers                   string
	report                    time.Duration
	sweep                     sweep
}

// idleServer is a server that holds connections.
type idleServer struct {
	word    string // in -server
	name    string
	tls     bool
	command []string
}

// idleClientMax bounds the connections of one client process. The server's ends count against the
// server's own limit of descriptors.
const idleClientMax = 9000

// idleServers is the default of -server.
const idleServers = "handler,coroutine,net,tls,tlscoroutine,nettls,memory"

// memoryWord is the value of -server that is not a server: the queue in memory.
const memoryWord = "memory"

func (c idleConfig) wants(word string) bool {
	return slices.Contains(strings.Split(c.servers, ","), word)
}

func idleSweep() sweep { return sweep{queues: "auto", modes: "edge"} }

func idling(ctx context.Context, args []string) error {
	c := idleConfig{sweep: idleSweep()}
	fs := flag.NewFlagSet("bench idle", flag.ContinueOnError)
	fs.IntVar(&c.conns, "c", 18_000, "connections; the limit of descriptors per process must be higher")
	fs.IntVar(&c.tls, "tls", 9_000, "connections with TLS")
	fs.IntVar(&c.registrations, "registrations", 1_000_000, "handlers on a queue in memory")
	fs.StringVar(&c.servers, "server", idleServers, "what to measure, comma-separated")
	fs.DurationVar(&c.report, "report", 200*time.Millisecond, "time between two reports of a server; each report collects garbage")
	c.sweep.register(fs)
	given := registerEcho(fs)
	if err := parseWords(fs, args, idleUsage); err != nil {
		return err
	}
	if c.conns < 1 || c.tls < 1 || c.registrations < 1 || c.report <= 0 {
		return cli.Usagef("every number must be more than 0")
	}
	for word := range strings.SplitSeq(c.servers, ",") {
		if !slices.Contains(strings.Split(idleServers, ","), word) {
			return cli.Usagef("-server %s: want some of %s", word, idleServers)
		}
	}
	if c.servers != memoryWord {
		echo, remove, err := buildEcho(ctx, *given)
		if err != nil {
			return err
		}
		defer remove()
		if err := c.run(ctx, os.Stdout, echo); err != nil {
			return err
		}
	}
	if c.wants(memoryWord) {
		return registrations(os.Stdout, c.registrations)
	}
	return nil
}

func (c idleConfig) all(echo string) ([]idleServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	flags, err := c.sweep.all(io.Discard)
	if err != nil {
		return nil, err
	}
	f := flags[0] // for lists, the first counts
	of := []string{"-addr", "127.0.0.1:0", "-queue", f.Queue, "-mode", f.Mode, "-report", c.report.String(), "-collect"}
	edgewise := func(program, word string, more ...string) []string {
		return append(append([]string{program, word}, of...), more...)
	}
	return []idleServer{
		{"handler", "edgewise, handlers", false, edgewise(echo, "serve", "-task", "handler", "-buffer", "perloop")},
		{"coroutine", "edgewise, coroutines", false, edgewise(echo, "serve", "-task", "coroutine", "-buffer", "perloop")},
		{"net", "package net, goroutines", false, []string{self, "netserver", "-report", c.report.String()}},
		{"tls", "edgewise, TLS, handlers", true, edgewise(self, "tlsserver", "-task", "handler")},
		{"tlscoroutine", "edgewise, TLS, coroutines", true, edgewise(self, "tlsserver", "-task", "coroutine")},
		{"nettls", "package net, TLS, goroutines", true, []string{self, "netserver", "-report", c.report.String(), "-tls"}},
	}, nil
}

func (c idleConfig) run(ctx context.Context, w io.Writer, echo string) error {
	all, err := c.all(echo)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "idle: bytes per connection\n")
	fmt.Fprintf(t, "\tconnections\tconnected: resident\theap\tstacks\tafter a message: resident\theap\tstacks\t\n")
	for _, s := range all {
		if !c.wants(s.word) {
			continue
		}
		n := c.conns
		if s.tls {
			n = c.tls
		}
		note("\ridle: %-30s", s.name)
		r, err := s.hold(ctx, n)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", s.name, n, r[0].rss/n, r[0].heap/n, r[0].stack/n, r[1].rss/n, r[1].heap/n, r[1].stack/n)
	}
	note("\r%-50s\r", "")
	return t.Flush()
}

// held is the memory of a server.
type held struct{ rss, heap, stack int }

func (h held) less(o held) held { return held{h.rss - o.rss, h.heap - o.heap, h.stack - o.stack} }

// hold returns the memory of n connections: after connecting, and after a message on each.
func (s idleServer) hold(ctx context.Context, n int) (r [2]held, err error) {
	server, err := start(ctx, serverCPU, s.command)
	if err != nil {
		return r, err
	}
	defer server.stop()
	before, err := server.held(ctx, 0)
	if err != nil {
		return r, err
	}
	var clients []*idleClient
	defer func() {
		for _, c := range clients {
			err = errors.Join(err, c.end())
		}
	}()
	for left := n; left > 0; left -= idleClientMax {
		c, err := startIdleClient(ctx, server.addr, min(left, idleClientMax), s.tls)
		if err != nil {
			return r, err
		}
		clients = append(clients, c)
	}
	for i := range r {
		for _, c := range clients {
			if err := c.next(); err != nil {
				return r, err
			}
		}
		now, err := server.held(ctx, n)
		if err != nil {
			return r, err
		}
		r[i] = now.less(before)
	}
	return r, nil
}

// held returns the memory of the server once it has so many tasks.
func (p *process) held(ctx context.Context, tasks int) (held, error) {
	line, err := p.report(ctx, tasks)
	if err != nil {
		return held{}, err
	}
	rss, err := p.resident()
	return held{rss: rss, heap: line.heap, stack: line.stack}, err
}

// idleClient is a process that has connections. On command it does the next step: connect, or send
// a message on each.
type idleClient struct {
	cmd   *exec.Cmd
	tell  io.WriteCloser
	hears *bufio.Reader
}

func startIdleClient(ctx context.Context, addr string, n int, encrypted bool) (*idleClient, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd, err := command(ctx, loadCPU, []string{self, "idleload", "-addr", addr, "-c", strconv.Itoa(n), "-tls=" + strconv.FormatBool(encrypted)})
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	c := &idleClient{cmd: cmd}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.hears = bufio.NewReader(stdout)
	if c.tell, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return c, cmd.Start()
}

// next makes the client do the next step and waits until it is done.
func (c *idleClient) next() error {
	if _, err := io.WriteString(c.tell, "next\n"); err != nil {
		return err
	}
	if line, err := c.hears.ReadString('\n'); err != nil || line != "done\n" {
		return fmt.Errorf("the clients printed %q: %w", line, err)
	}
	return nil
}

func (c *idleClient) end() error {
	c.tell.Close()
	return c.cmd.Wait()
}

// dialPatience bounds the time to make one connection, including the handshake.
const dialPatience = 30 * time.Second
