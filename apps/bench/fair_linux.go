package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
)

const fairUsage = `usage: bench fair [flags]

One peer sends to an echo server as fast as it can, and many peers send a small message now and then, all on one loop.
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

type fairConfig struct {
	rounds   int
	duration time.Duration
	pingers  int
	every    time.Duration
}

// fairTurn is the result of one turn of the load.
type fairTurn struct {
	P50, P99 time.Duration
	Pings    int
	Flood    int64 // bytes that the fast peer got back
}

func fairness(ctx context.Context, args []string) error {
	c := fairConfig{}
	s := sweep{queues: "auto", modes: allModes, tasks: allTasks}
	fs := flag.NewFlagSet("bench fair", flag.ContinueOnError)
	fs.IntVar(&c.rounds, "rounds", 5, "turns of each kind; the median counts")
	fs.DurationVar(&c.duration, "d", time.Second, "length of a turn")
	fs.IntVar(&c.pingers, "c", 100, "peers that send small messages")
	fs.DurationVar(&c.every, "every", 20*time.Millisecond, "time between two small messages of a peer")
	s.register(fs)
	given := registerEcho(fs)
	if err := parseWords(fs, args, fairUsage); err != nil {
		return err
	}
	if c.rounds < 1 || c.pingers < 1 || c.duration <= 0 || c.every <= 0 {
		return cli.Usagef("every number must be more than 0")
	}
	all, err := s.all(os.Stdout)
	if err != nil {
		return err
	}
	echo, remove, err := buildEcho(ctx, *given)
	if err != nil {
		return err
	}
	defer remove()
	fmt.Printf("fair: %d peers, a message of %d B each %v, without a peer at full speed, with one elsewhere, and with one here; medians of %d turns of %v each\n",
		c.pingers, pingBytes, c.every, c.rounds, c.duration)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "mechanism\tmode\ttask\twithout p50\tp99\telsewhere p50\tp99\there p50\tp99\there/without p50\tp99\there/elsewhere p50\tp99\tMB/s elsewhere\there\t\n")
	for i, f := range all {
		note("\r%d of %d: %-8s %-8s %-10s", i+1, len(all), f.Queue, f.Mode, f.Task)
		turns, err := c.compare(ctx, echo, f)
		if err != nil {
			return fmt.Errorf("%s, mode %s, %s: %w", f.Queue, f.Mode, f.Task, err)
		}
		without, elsewhere, here := turns[floodNowhere], turns[floodElsewhere], turns[floodHere]
		fmt.Fprintf(t, "%s\t%s\t%s\t%v\t%v\t%v\t%v\t%v\t%v\t%.2f\t%.2f\t%.2f\t%.2f\t%.0f\t%.0f\t\n", f.Queue, f.Mode, f.Task,
			without.P50, without.P99, elsewhere.P50, elsewhere.P99, here.P50, here.P99,
			ratio(here.P50, without.P50), ratio(here.P99, without.P99), ratio(here.P50, elsewhere.P50), ratio(here.P99, elsewhere.P99),
			c.rate(elsewhere), c.rate(here))
	}
	note("\r%-50s\r", "")
	return t.Flush()
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// rate returns the rate of the fast peer in megabytes per second.
func (c fairConfig) rate(t fairTurn) float64 { return float64(t.Flood) / c.duration.Seconds() / 1e6 }

// Location of the fast peer.
const (
	floodNowhere = iota
	floodElsewhere
	floodHere
	floodKinds
)

// compare returns the medians of alternating turns of each kind on the same servers.
func (c fairConfig) compare(ctx context.Context, echo string, f strategy.Flags) (medians [floodKinds]fairTurn, err error) {
	self, err := os.Executable()
	if err != nil {
		return medians, err
	}
	var addrs [floodKinds]string // address of the server to which the fast peer sends
	for _, kind := range []int{floodElsewhere, floodHere} {
		server, err := start(ctx, serverCPU, []string{echo, "serve", "-addr", "127.0.0.1:0", "-queue", f.Queue, "-mode", f.Mode, "-task", f.Task})
		if err != nil {
			return medians, err
		}
		defer server.stop()
		addrs[kind] = server.addr
	}
	var turns [floodKinds][]fairTurn
	for round := range c.rounds {
		for i := range turns {
			kind := (round + i) % len(turns) // no kind always follows the same one
			turn, err := c.turn(ctx, self, addrs[floodHere], addrs[kind])
			if err != nil {
				return medians, err
			}
			turns[kind] = append(turns[kind], turn)
		}
	}
	for kind := range turns {
		medians[kind] = medianTurn(turns[kind])
	}
	return medians, nil
}

// turn measures once. Unless flooded is empty, a fast peer loads the server at that address.
func (c fairConfig) turn(ctx context.Context, self, addr, flooded string) (turn fairTurn, err error) {
	var flooding sync.WaitGroup
	var got []byte
	var failed error
	if flooded != "" {
		// The fast peer has its own process at the lowest priority: its use of the processor or of
		// a scheduler must not delay the other peers.
		nice, err := exec.LookPath("nice")
		if err != nil {
			return turn, err
		}
		flooding.Go(func() {
			got, failed = output(ctx, loadCPU, []string{nice, "-n", "19", self, "fairflood", "-addr", flooded, "-d", c.duration.String()},
				func(string) error { return nil })
		})
	}
	out, err := output(ctx, loadCPU, []string{self, "fairload", "-addr", addr, "-c", strconv.Itoa(c.pingers), "-d", c.duration.String(),
		"-every", c.every.String()}, func(string) error { return nil })
	flooding.Wait()
	if err := errors.Join(err, failed); err != nil {
		return turn, err
	}
	if err := json.Unmarshal(out, &turn); err != nil {
		return turn, fmt.Errorf("load printed %q: %w", out, err)
	}
	if flooded != "" {
		turn.Flood, err = strconv.ParseInt(strings.TrimSpace(string(got)), 10, 64)
	}
	return turn, err
}

func medianTurn(turns []fairTurn) fairTurn {
	of := func(value func(fairTurn) float64) float64 {
		var values []float64
		for _, t := range turns {
			values = append(values, value(t))
		}
		return median(values)
	}
	return fairTurn{
		P50:   time.Duration(of(func(t fairTurn) float64 { return float64(t.P50) })).Round(time.Microsecond),
		P99:   time.Duration(of(func(t fairTurn) float64 { return float64(t.P99) })).Round(time.Microsecond),
		Flood: int64(of(func(t fairTurn) float64 { return float64(t.Flood) })),
	}
}

const (
	pingBytes = 64
	// floodBytes is the size of a write of the fast peer.
	floodBytes = 64 << 10
)

// fairLoad is the other side of the benchmark: peers of package net.
func fairLoad(args []string) error {
	fs := flag.NewFlagSet("bench fairload", flag.ContinueOnError)
	addr := fs.String("addr", "", "address of the server")
	pingers := fs.Int("c", 0, "peers")
	d := fs.Duration("d", 0, "duration")
	every := fs.Duration("every", 0, "time between two messages of a peer")
	if err := cli.Parse(fs, args, "internal"); err != nil {
		return err
	}
	conns := make([]net.Conn, *pingers)
	for i := range conns {
		var err error
		if conns[i], err = net.Dial("tcp", *addr); err != nil {
			return err
		}
		defer conns[i].Close()
	}
	var turn fairTurn
	var mu sync.Mutex
	var failed error
	var times []time.Duration
	end := time.Now().Add(*d)
	var group sync.WaitGroup
	for i, conn := range conns {
		group.Go(func() {
			took, err := ping(conn, *every, *every*time.Duration(i)/time.Duration(*pingers), end)
			mu.Lock()
			defer mu.Unlock()
			times, failed = append(times, took...), errors.Join(failed, err)
		})
	}
	group.Wait()
	if failed != nil {
		return failed
	}
	turn.Pings = len(times)
	slices.Sort(times)
	turn.P50, turn.P99 = times[len(times)/2], times[len(times)*99/100]
	return json.NewEncoder(os.Stdout).Encode(turn)
}

// ping sends at least one message, one after the other, and returns how long each took to come
// back.
func ping(conn net.Conn, every, first time.Duration, end time.Time) (times []time.Duration, err error) {
	message := make([]byte, pingBytes)
	time.Sleep(first)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		began := time.Now()
		if _, err := conn.Write(message); err != nil {
			return times, err
		}
		if _, err := io.ReadFull(conn, message); err != nil {
			return times, err
		}
		times = append(times, time.Since(began))
		if <-tick.C; !time.Now().Before(end) {
			return times, nil
		}
	}
}

// fairFlood is the fast peer: it writes and reads until the end, and prints how much came back.
func fairFlood(args []string) error {
	fs := flag.NewFlagSet("bench fairflood", flag.ContinueOnError)
	addr := fs.String("addr", "", "address of the server")
	d := fs.Duration("d", 0, "duration")
	if err := cli.Parse(fs, args, "internal"); err != nil {
		return err
	}
	conn, err := net.Dial("tcp", *addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(*d)); err != nil {
		return err
	}
	got := int64(0)
	var writing sync.WaitGroup
	writing.Go(func() {
		for message := make([]byte, floodBytes); ; {
			if _, err := conn.Write(message); err != nil {
				return
			}
		}
	})
	for message := make([]byte, floodBytes); ; {
		n, err := conn.Read(message)
		got += int64(n)
		if err != nil {
			break
		}
	}
	writing.Wait()
	_, err = fmt.Println(got)
	return err
}
