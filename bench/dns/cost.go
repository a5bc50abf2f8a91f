package dns

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bench/internal/stats"
)

const costLong = `Measures the processor time, the allocations and the rate of lookups that no cache answers, with many in flight.
Each client is a process of its own on one processor. A server on another processor answers at once. The clients take
turns, in another order in each round. The time is that of the client alone, user and system.

The clients are (--peers):
  evented        this workspace's stub resolver, on connections of package net
  evented-loops  the same, on connections of a stack of event loops
  go             net.Resolver in pure Go, with a goroutine per lookup in flight
  getaddrinfo    the C library, with a thread per lookup in flight; needs root, for port 53 and a resolv.conf of its own
  cares          c-ares, one thread with epoll; needs the library with its headers
The ratios refer to the first client. They are medians and quartiles of the ratios of each round. A client that cannot
run is printed with the reason.`

type cost struct {
	rounds, outstanding int
	warmup, duration    time.Duration
	peers               []string
	json                string
}

func costCommand() *cobra.Command {
	c := &cost{}
	cmd := cli.Measure("cost", "Compare the processor time, allocations and rate of lookups", costLong, c.measure)
	f := cmd.Flags()
	f.IntVar(&c.rounds, "rounds", 9, "turns of each client; the median counts")
	f.DurationVarP(&c.duration, "duration", "d", time.Second, "length of a turn")
	f.DurationVar(&c.warmup, "warmup", 200*time.Millisecond, "time before each turn that does not count")
	f.IntVar(&c.outstanding, "outstanding", 256, "lookups in flight")
	f.StringSliceVar(&c.peers, "peers", peerWords(), "clients to measure, comma-separated")
	f.StringVar(&c.json, "json", "", "file to write the figures to, as JSON")
	cli.Positive(cmd, "rounds", "duration", "warmup", "outstanding")
	return cmd
}

// contender is a client in the comparison.
type contender struct {
	Word        string  `json:"word"`
	Name        string  `json:"name"`
	Unavailable string  `json:"unavailable,omitempty"` // why it could not run
	Turns       []tally `json:"turns,omitempty"`
	command     []string
}

func (c *cost) measure(ctx context.Context, out io.Writer) error {
	if err := cli.SomeOf("peers", c.peers, peerWords()); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n", report.System())
	server, err := startDNS(ctx)
	if err != nil {
		return err
	}
	defer server.Stop()
	addr, err := netip.ParseAddrPort(server.Addr)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	all := c.contenders(ctx, dir, addr)
	running := slices.DeleteFunc(slices.Clone(all), func(s *contender) bool { return s.Unavailable != "" })
	progress := report.NewProgress(c.rounds * len(running))
	defer progress.End()
	for round := range c.rounds {
		for i := range running {
			s := running[(i+round)%len(running)] // no client always follows the same one
			progress.Begin("%s", s.Name)
			t, err := c.turn(ctx, s.command)
			if err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
			s.Turns = append(s.Turns, t)
			progress.Done()
		}
	}
	progress.End()
	fmt.Fprintf(out, "resolve cost: A records, %d lookups in flight, server on loopback answers at once, medians of %d turns of %v\n", c.outstanding, c.rounds, c.duration)
	if err := costTable(out, summarize(all)); err != nil {
		return err
	}
	return writeJSON(c.json, costFigures{System: report.System(), Outstanding: c.outstanding, Duration: c.duration, Clients: all, Summary: summarize(all)})
}

// turnTries bounds the attempts at a turn in which a busy machine leaves the client no time.
const turnTries = 3

func (c *cost) turn(ctx context.Context, command []string) (t tally, err error) {
	for range turnTries {
		t, err = outputOf[tally](ctx, process.LoadCPU, command)
		if err != nil || t.Lookups > 0 {
			return t, err
		}
	}
	return t, fmt.Errorf("no lookup was answered in %v, %d failed: want a longer --duration", c.duration, t.Failed)
}

// privateServer is an address at which only getaddrinfo of this measure looks for a server.
const privateServer = "127.0.53.153:53"

// startDNS starts the server where getaddrinfo can ask it, or elsewhere if that is not possible.
func startDNS(ctx context.Context) (*process.Server, error) {
	if s, err := startResponder(ctx, behaviour{Addr: privateServer}); err == nil {
		return s, nil
	}
	return startResponder(ctx, behaviour{Addr: "127.0.0.1:0"})
}

func (c *cost) contenders(ctx context.Context, dir string, server netip.AddrPort) []*contender {
	var all []*contender
	for _, p := range peers() {
		if !slices.Contains(c.peers, p.word) {
			continue
		}
		s := &contender{Word: p.word, Name: p.name}
		var err error
		if s.command, err = p.command(ctx, c, dir, server); err != nil {
			s.Unavailable = err.Error()
		}
		all = append(all, s)
	}
	return all
}

// costFigures are the measurements of all clients.
type costFigures struct {
	System      string        `json:"system"`
	Outstanding int           `json:"outstanding"`
	Duration    time.Duration `json:"duration_ns"`
	Clients     []*contender  `json:"clients"`
	Summary     []summary     `json:"summary"`
}

// summary holds the medians of a client, and its ratios to the first one.
type summary struct {
	Name        string   `json:"name"`
	Unavailable string   `json:"unavailable,omitempty"`
	Rate        float64  `json:"lookups_per_second"`
	CPU         float64  `json:"cpu_ns_per_lookup"`
	Allocations *float64 `json:"allocations_per_lookup,omitempty"`
	Failed      int      `json:"failed"`
	// Ratios of the processor time: median and quartiles of the ratios of each round.
	Ratio float64 `json:"cpu_ratio"`
	Least float64 `json:"cpu_ratio_q1"`
	Most  float64 `json:"cpu_ratio_q3"`
}

func summarize(all []*contender) []summary {
	first := slices.IndexFunc(all, func(s *contender) bool { return s.Unavailable == "" })
	var sums []summary
	for _, s := range all {
		m := summary{Name: s.Name, Unavailable: s.Unavailable}
		if s.Unavailable == "" {
			m.Rate, m.CPU = stats.MedianOf(s.Turns, tally.rate), stats.MedianOf(s.Turns, tally.cpuPerLookup)
			var ratios, allocations []float64
			for i, t := range s.Turns {
				m.Failed += t.Failed
				ratios = append(ratios, t.cpuPerLookup()/all[first].Turns[i].cpuPerLookup())
				if n, ok := t.allocations(); ok {
					allocations = append(allocations, n)
				}
			}
			m.Ratio, m.Least, m.Most = stats.Median(ratios), stats.Quantile(0.25, ratios), stats.Quantile(0.75, ratios)
			if len(allocations) > 0 {
				n := stats.Median(allocations)
				m.Allocations = &n
			}
		}
		sums = append(sums, m)
	}
	return sums
}

func costTable(out io.Writer, all []summary) error {
	t := report.NewTable(out)
	fmt.Fprintf(t, "client\tlookups/s\tCPU ns/lookup\tCPU ratio\tquartiles\tallocations/lookup\tfailed\t\n")
	for _, s := range all {
		if s.Unavailable != "" {
			continue
		}
		allocations := "unknown"
		if s.Allocations != nil {
			allocations = fmt.Sprintf("%.2f", *s.Allocations)
		}
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.2f\t%.2f to %.2f\t%s\t%d\t\n", s.Name, s.Rate, s.CPU, s.Ratio, s.Least, s.Most, allocations, s.Failed)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, s := range all {
		if s.Unavailable != "" {
			fmt.Fprintf(out, "skipped %s: %s\n", s.Name, s.Unavailable)
		}
	}
	return nil
}
