// Package fair measures the latency of small messages next to a peer at full speed.
package fair

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/program"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bench/internal/stats"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
)

const long = `One peer sends to an echo server as fast as it can, and many peers send a small message now and then, all on one loop.
It prints how long the small messages take to come back, as the peers see it, in three alternating kinds of turns:
without    there is no fast peer.
elsewhere  the fast peer sends to a second server of the same kind, in its own process on the same processor. The
           loop of the messages does not cause the time added in these turns. The kernel does, by its work for the
           fast peer and its choice between processes.
here       the fast peer sends to the server of the small messages, and is on their loop.
here/without is the total cost of a fast peer for the others. here/elsewhere is the part that remains when the fast peer
of a separate process is the reference. The servers run on one processor and all peers on another, where the fast peer
has the lowest priority. The figures are medians over turns. On a busy machine the p99 is that of the machine: compare
it between kinds of turns, not between runs.`

type config struct {
	rounds   int
	duration time.Duration
	pingers  int
	every    time.Duration
	sweep    strategy.Sweep
	echo     string
}

// Command returns the command.
func Command() *cobra.Command {
	c := &config{sweep: strategy.Sweep{Queues: []string{"auto"}, Modes: strategy.ModeNames(), Tasks: strategy.Forms()}}
	cmd := cli.Measure("fair", "Measure the latency of small messages next to a peer at full speed", long, c.measure)
	f := cmd.Flags()
	f.IntVar(&c.rounds, "rounds", 5, "turns of each kind; the median counts")
	f.DurationVarP(&c.duration, "duration", "d", time.Second, "length of a turn")
	f.IntVarP(&c.pingers, "connections", "c", 100, "peers that send small messages")
	f.DurationVar(&c.every, "every", 20*time.Millisecond, "time between two small messages of a peer")
	c.sweep.Register(f)
	program.EchoFlag(f, &c.echo)
	cli.Positive(cmd, "rounds", "duration", "connections", "every")
	return cmd
}

// turn is the result of one turn of the load.
type turn struct {
	P50, P99 time.Duration
	Pings    int
	Flood    int64 // bytes that the fast peer got back
}

func (c *config) measure(ctx context.Context, out io.Writer) error {
	all, err := c.sweep.All(out)
	if err != nil {
		return err
	}
	echo, remove, err := program.BuildEcho(ctx, c.echo)
	if err != nil {
		return err
	}
	defer remove()
	fmt.Fprintf(out, "fair: %d peers, a message of %d B each %v, without a peer at full speed, with one elsewhere, and with one here; medians of %d turns of %v each\n",
		c.pingers, pingBytes, c.every, c.rounds, c.duration)
	t := report.NewTable(out)
	progress := report.NewProgress(len(all))
	defer progress.End()
	fmt.Fprintf(t, "mechanism\tmode\ttask\twithout p50\tp99\telsewhere p50\tp99\there p50\tp99\there/without p50\tp99\there/elsewhere p50\tp99\tMB/s elsewhere\there\t\n")
	for _, f := range all {
		progress.Begin("%v", f)
		turns, err := c.compare(ctx, echo, f)
		if err != nil {
			return fmt.Errorf("%v: %w", f, err)
		}
		without, elsewhere, here := turns[floodNowhere], turns[floodElsewhere], turns[floodHere]
		fmt.Fprintf(t, "%s\t%s\t%s\t%v\t%v\t%v\t%v\t%v\t%v\t%.2f\t%.2f\t%.2f\t%.2f\t%.0f\t%.0f\t\n", f.Queue, f.Mode, f.Task,
			without.P50, without.P99, elsewhere.P50, elsewhere.P99, here.P50, here.P99,
			ratio(here.P50, without.P50), ratio(here.P99, without.P99), ratio(here.P50, elsewhere.P50), ratio(here.P99, elsewhere.P99),
			c.rate(elsewhere), c.rate(here))
		progress.Done()
	}
	progress.End()
	return t.Flush()
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// rate returns the rate of the fast peer in megabytes per second.
func (c *config) rate(t turn) float64 { return float64(t.Flood) / c.duration.Seconds() / 1e6 }

// Location of the fast peer.
const (
	floodNowhere = iota
	floodElsewhere
	floodHere
	floodKinds
)

// compare returns the medians of alternating turns of each kind on the same servers.
func (c *config) compare(ctx context.Context, echo string, f strategy.Choice) (medians [floodKinds]turn, err error) {
	var addrs [floodKinds]string // address of the server to which the fast peer sends
	for _, kind := range []int{floodElsewhere, floodHere} {
		server, err := process.Start(ctx, process.ServerCPU, []string{echo, "serve", "-addr", "127.0.0.1:0", "-queue", f.Queue, "-mode", f.Mode, "-task", f.Task})
		if err != nil {
			return medians, err
		}
		defer server.Stop()
		addrs[kind] = server.Addr
	}
	var turns [floodKinds][]turn
	for round := range c.rounds {
		for i := range turns {
			kind := (round + i) % len(turns) // no kind always follows the same one
			t, err := c.turn(ctx, addrs[floodHere], addrs[kind])
			if err != nil {
				return medians, err
			}
			turns[kind] = append(turns[kind], t)
		}
	}
	for kind := range turns {
		medians[kind] = medianTurn(turns[kind])
	}
	return medians, nil
}

// turn measures once. Unless flooded is empty, a fast peer loads the server at that address.
func (c *config) turn(ctx context.Context, addr, flooded string) (t turn, err error) {
	var flooding errgroup.Group
	var got []byte
	if flooded != "" {
		// The fast peer has its own process at the lowest priority: its use of the processor or of
		// a scheduler must not delay the other peers.
		nice, err := exec.LookPath("nice")
		if err != nil {
			return t, err
		}
		line, err := process.Self(floodWord, "--addr", flooded, "--duration", c.duration.String())
		if err != nil {
			return t, err
		}
		flooding.Go(func() (err error) {
			got, err = process.Output(ctx, process.LoadCPU, append([]string{nice, "-n", "19"}, line...), func(string) error { return nil })
			return err
		})
	}
	out, err := c.ping(ctx, addr)
	if err := errors.Join(err, flooding.Wait()); err != nil {
		return t, err
	}
	if err := json.Unmarshal(out, &t); err != nil {
		return t, fmt.Errorf("load printed %q: %w", out, err)
	}
	if flooded != "" {
		t.Flood, err = strconv.ParseInt(strings.TrimSpace(string(got)), 10, 64)
	}
	return t, err
}

// ping makes the other peers send their messages.
func (c *config) ping(ctx context.Context, addr string) ([]byte, error) {
	line, err := process.Self(pingWord, "--addr", addr, "--connections", strconv.Itoa(c.pingers), "--duration", c.duration.String(),
		"--every", c.every.String())
	if err != nil {
		return nil, err
	}
	return process.Output(ctx, process.LoadCPU, line, func(string) error { return nil })
}

func medianTurn(turns []turn) turn {
	of := func(value func(turn) float64) float64 { return stats.MedianOf(turns, value) }
	return turn{
		P50:   time.Duration(of(func(t turn) float64 { return float64(t.P50) })).Round(time.Microsecond),
		P99:   time.Duration(of(func(t turn) float64 { return float64(t.P99) })).Round(time.Microsecond),
		Flood: int64(of(func(t turn) float64 { return float64(t.Flood) })),
	}
}
