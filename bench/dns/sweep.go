package dns

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bench/internal/stats"
)

const sweepLong = `Runs the strategies of package resolve at every combination of three loads: the percentage of lookups that the cache
answers, the time that the server takes, and the number of lookups wanted at once. It prints as Markdown which strategy
answers most where. All lookups of a run begin on one thread, as on an event loop, and a lookup that waits for the
thread counts its time from when it was wanted. A cache is in front of each strategy.

  blocking  package net on the calling thread
  pool-N    package net on N goroutines
  evented   the stub resolver of package resolve/evented
  adaptive  evented, a pool of 8 and blocking, chosen by what they measure; blocking is allowed within its budget
Each run is a process of its own. The strategies take turns at each load.`

type sweep struct {
	strategies       []string
	hits, users      []int
	delays           []time.Duration
	rounds           int
	warmup, duration time.Duration
	quick, full      bool
	json, plots      string
}

func sweepCommand() *cobra.Command {
	s := &sweep{}
	cmd := cli.Measure("sweep", "Show which strategy suits which load", sweepLong, s.measure)
	f := cmd.Flags()
	f.StringSliceVar(&s.strategies, "strategy", strategyNames(), "strategies, comma-separated")
	f.IntSliceVar(&s.hits, "hits", []int{0, 50, 90, 99, 100}, "percentages of lookups that the cache answers, comma-separated")
	f.DurationSliceVar(&s.delays, "delay", []time.Duration{0, time.Millisecond, 10 * time.Millisecond, 50 * time.Millisecond}, "times that the server takes, comma-separated")
	f.IntSliceVar(&s.users, "users", []int{1, 16, 256, 4096}, "numbers of lookups wanted at once, comma-separated")
	f.IntVar(&s.rounds, "rounds", 1, "runs of each strategy at each load; the one with the median rate counts")
	f.DurationVarP(&s.duration, "duration", "d", 450*time.Millisecond, "length of a run")
	f.DurationVar(&s.warmup, "warmup", 100*time.Millisecond, "time before each run that does not count")
	f.BoolVar(&s.quick, "quick", false, "measure fewer loads, for less time each: half a minute in all")
	f.BoolVar(&s.full, "full", false, "also print the figures of all strategies")
	f.StringVar(&s.json, "json", "", "file to write the figures to, as JSON")
	f.StringVar(&s.plots, "plots", "", "directory to write the plot to, as SVG")
	cli.Positive(cmd, "rounds", "duration", "warmup")
	return cmd
}

// place is one combination of loads.
type place struct {
	Hits  int           `json:"hits_percent"`
	Delay time.Duration `json:"delay_ns"`
	Users int           `json:"users"`
}

// row is what a strategy has done at a place.
type row struct {
	place
	Strategy string `json:"strategy"`
	outcome
}

// hurry makes the run quick. Flags that the user has set are replaced too.
func (s *sweep) hurry() {
	s.hits, s.users = []int{0, 90, 100}, []int{1, 256}
	s.delays = []time.Duration{0, 10 * time.Millisecond}
	s.duration, s.warmup, s.rounds = 200*time.Millisecond, 100*time.Millisecond, 1
}

func (s *sweep) check() error {
	if err := cli.SomeOf("strategy", s.strategies, strategyNames()); err != nil {
		return err
	}
	for _, h := range s.hits {
		if h < 0 || h > 100 {
			return cli.Usagef("--hits %d: want 0 to 100", h)
		}
	}
	for _, n := range s.users {
		if n < 1 {
			return cli.Usagef("--users %d: want more than 0", n)
		}
	}
	for _, d := range s.delays {
		if d < 0 {
			return cli.Usagef("--delay %v: want 0 or more", d)
		}
	}
	if len(s.hits) == 0 || len(s.users) == 0 || len(s.delays) == 0 {
		return cli.Usagef("--hits, --users and --delay: want a value for each")
	}
	return nil
}

// places returns the combinations. If the cache answers everything, the server does not matter, and
// the first delay represents all.
func (s *sweep) places() []place {
	var all []place
	for _, h := range s.hits {
		delays := s.delays
		if h == 100 {
			delays = delays[:1]
		}
		for _, d := range delays {
			for _, n := range s.users {
				all = append(all, place{h, d, n})
			}
		}
	}
	return all
}

func (s *sweep) measure(ctx context.Context, out io.Writer) error {
	if s.quick {
		s.hurry()
	}
	if err := s.check(); err != nil {
		return err
	}
	servers := map[time.Duration]*process.Server{}
	for _, d := range s.delays {
		server, err := startResponder(ctx, behaviour{Addr: "127.0.0.1:0", Delay: d, TTL: 3600})
		if err != nil {
			return err
		}
		defer server.Stop()
		servers[d] = server
	}
	all := s.places()
	progress := report.NewProgress(len(all) * len(s.strategies) * s.rounds)
	defer progress.End()
	var rows []row
	for i, at := range all {
		runs := make([][]row, len(s.strategies))
		for round := range s.rounds {
			for k := range s.strategies {
				k = (k + i + round) % len(s.strategies) // no strategy always follows the same one
				progress.Begin("%s, %v", s.strategies[k], at)
				r, err := s.run(ctx, at, s.strategies[k], servers[at.Delay].Addr)
				if err != nil {
					return fmt.Errorf("%s, %v: %w", s.strategies[k], at, err)
				}
				runs[k] = append(runs[k], r)
				progress.Done()
			}
		}
		for _, of := range runs {
			rows = append(rows, medianRow(of))
		}
	}
	progress.End()
	fmt.Fprintf(out, "%s; runs of %v\n\n", report.System(), s.duration)
	printWins(out, rows)
	printRegret(out, rows)
	printChoices(out, rows)
	if s.full {
		printAll(out, rows)
	}
	if s.plots != "" {
		if err := os.MkdirAll(s.plots, 0o777); err != nil {
			return err
		}
		if err := plotSweep(filepath.Join(s.plots, "strategies.svg"), rows); err != nil {
			return err
		}
	}
	return writeJSON(s.json, struct {
		System string `json:"system"`
		Rows   []row  `json:"rows"`
	}{report.System(), rows})
}

func (s *sweep) run(ctx context.Context, at place, strategy, server string) (row, error) {
	args, err := process.Self(mixWord, "--strategy", strategy, "--server", server, "--hits", strconv.Itoa(at.Hits), "--users", strconv.Itoa(at.Users),
		"--warmup", s.warmup.String(), "--duration", s.duration.String())
	if err != nil {
		return row{}, err
	}
	// On one processor, Go's poller would get no turn while the users are served from the cache.
	o, err := outputOf[outcome](ctx, anyCPU, args)
	return row{at, strategy, o}, err
}

// medianRow returns the row with the median rate.
func medianRow(rows []row) row {
	m := stats.MedianOf(rows, func(r row) float64 { return r.rate() })
	return rows[slices.IndexFunc(rows, func(r row) bool { return r.rate() == m })]
}

// String names the loads.
func (p place) String() string {
	return fmt.Sprintf("%d%% hits, %v, %d wanted at once", p.Hits, p.Delay, p.Users)
}

// group is the rows of one place.
type group struct {
	place
	rows []row // the highest rate first
}

// grouped returns the rows by place, in their order.
func grouped(rows []row) []group {
	var groups []group
	for _, r := range rows {
		i := slices.IndexFunc(groups, func(g group) bool { return g.place == r.place })
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{place: r.place})
		}
		groups[i].rows = append(groups[i].rows, r)
	}
	for _, g := range groups {
		slices.SortStableFunc(g.rows, func(a, b row) int {
			switch {
			case a.rate() > b.rate():
				return -1
			case a.rate() < b.rate():
				return 1
			}
			return 0
		})
	}
	return groups
}

// near is the share of the best rate that counts as a tie: runs differ by so much.
const near = 0.85

// ties returns how many of the first rows are about as good as the best.
func (g group) ties() int {
	n := 1
	for n < len(g.rows) && g.rows[n].rate() >= near*g.rows[0].rate() {
		n++
	}
	return n
}

func strategiesOf(rows []row) string {
	var names []string
	for _, r := range rows {
		names = append(names, r.Strategy)
	}
	return strings.Join(names, ", ")
}
