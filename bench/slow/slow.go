// Package slow measures the memory of a server most of whose peers never read.
package slow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/program"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
)

const long = `Many peers send to an echo server and never read, until the server can write no more to any of them and parks. From then
on it samples the memory of the server, which must stay flat, while other peers exchange messages with the server. The
exit code is 1 if the memory in the last quarter exceeds that in the first by more than a tenth and 4 MiB.`

type config struct {
	duration time.Duration
	sample   time.Duration
	quiet    time.Duration
	slow     int
	served   int
	sweep    strategy.Sweep
	echo     string
}

// Command returns the command.
func Command() *cobra.Command {
	c := &config{sweep: strategy.Sweep{Queues: []string{"auto"}, Modes: []string{"edge"}, Tasks: strategy.Forms()}}
	cmd := cli.Measure("slow", "Measure the memory of a server most of whose peers never read", long, c.measure)
	f := cmd.Flags()
	f.DurationVarP(&c.duration, "duration", "d", time.Minute, "how long to watch each combination")
	f.DurationVar(&c.sample, "sample", 500*time.Millisecond, "time between two samples")
	f.DurationVar(&c.quiet, "quiet", time.Second, "how long nothing may move before a peer counts as stuck")
	f.IntVarP(&c.slow, "connections", "c", 1000, "peers that never read")
	f.IntVar(&c.served, "served", 50, "peers that exchange messages meanwhile")
	c.sweep.Register(f)
	program.EchoFlag(f, &c.echo)
	cli.Positive(cmd, "connections", "served", "quiet", "sample", "duration")
	return cmd
}

// row is the result of one combination of strategies.
type row struct {
	parked     time.Duration // until nothing moved any more
	sent       int64         // bytes that the slow peers could send
	first      memory        // maximum of the first quarter
	last       memory        // maximum of the last quarter
	rate       float64       // messages per second of the other peers
	violations []string
}

// memory is the memory of a process.
type memory struct{ rss, heap int }

func (m memory) most(o memory) memory { return memory{max(m.rss, o.rss), max(m.heap, o.heap)} }

func (c *config) measure(ctx context.Context, out io.Writer) error {
	if c.sample < sampleMin || c.duration < samplesMin*c.sample {
		return cli.Usagef("--sample %v --duration %v: want samples of %v or more, and time for %d of them", c.sample, c.duration, sampleMin, samplesMin)
	}
	all, err := c.sweep.All(out)
	if err != nil {
		return err
	}
	echo, remove, err := program.BuildEcho(ctx, c.echo)
	if err != nil {
		return err
	}
	defer remove()
	fmt.Fprintf(out, "slow: %d peers that never read, %d others, memory of the server for %v\n", c.slow, c.served, c.duration)
	t := report.NewTable(out)
	progress := report.NewProgress(len(all))
	defer progress.End()
	fmt.Fprintf(t, "mechanism\tmode\ttask\tparked after\tKiB sent per peer\tresident MiB, first quarter\tlast\tGo heap MiB, first\tlast\tmessages/s of the others\t\n")
	var violations []string
	for _, f := range all {
		progress.Begin("%v", f)
		r, err := c.run(ctx, echo, f)
		if err != nil {
			return fmt.Errorf("%v: %w", f, err)
		}
		for _, v := range r.violations {
			violations = append(violations, fmt.Sprintf("%v: %s", f, v))
		}
		const mib = 1 << 20
		fmt.Fprintf(t, "%s\t%s\t%s\t%v\t%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.0f\t\n", f.Queue, f.Mode, f.Task, r.parked.Round(time.Millisecond), r.sent/int64(c.slow)>>10,
			float64(r.first.rss)/mib, float64(r.last.rss)/mib, float64(r.first.heap)/mib, float64(r.last.heap)/mib, r.rate)
		progress.Done()
	}
	progress.End()
	if err := t.Flush(); err != nil {
		return err
	}
	if len(violations) > 0 {
		return errors.New(strings.Join(violations, "; "))
	}
	return nil
}

// reportEvery is the time between two reports of the server, which collect garbage.
const reportEvery = 200 * time.Millisecond

func (c *config) run(ctx context.Context, echo string, f strategy.Choice) (r row, err error) {
	server, err := process.Start(ctx, process.ServerCPU, []string{echo, "serve", "-addr", "127.0.0.1:0", "-queue", f.Queue, "-mode", f.Mode, "-task", f.Task,
		"-grace", "0s", "-report", reportEvery.String(), "-collect"})
	if err != nil {
		return r, err
	}
	defer server.Stop()
	began := time.Now()
	slow, err := c.stuff(ctx, server.Addr, &r)
	defer func() {
		for _, conn := range slow {
			conn.Close()
		}
	}()
	if err != nil {
		return r, err
	}
	r.parked = time.Since(began)
	if _, err := server.NextReport(ctx, c.slow); err != nil { // the samples are those of reports
		return r, err
	}
	var messages atomic.Int64
	stop, err := c.exchange(server.Addr, &messages)
	if err != nil {
		return r, err
	}
	before := messages.Load()
	began = time.Now()
	if err := c.watch(ctx, server, &r, func() bool { return messages.Load() > before }); err != nil {
		return r, errors.Join(err, stop())
	}
	r.rate = float64(messages.Load()-before) / time.Since(began).Seconds()
	if r.rate == 0 {
		r.violations = append(r.violations, "the others were not served")
	}
	return r, stop()
}

// stuff connects the slow peers and makes each send until it can send no more.
func (c *config) stuff(ctx context.Context, addr string, r *row) (conns []net.Conn, err error) {
	message := make([]byte, 64<<10)
	for range c.slow {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return conns, err
		}
		conns = append(conns, conn)
	}
	// A busy server may resume after a pause: only a whole round without a byte counts.
	for round := 0; ; round++ {
		moved := stuffRound(ctx, conns, message, c.quiet)
		if r.sent += moved; moved == 0 || ctx.Err() != nil {
			return conns, context.Cause(ctx)
		}
		if round == stuffRoundsMax {
			return conns, fmt.Errorf("the server still takes bytes of peers that do not read, after %d from each", r.sent/int64(c.slow))
		}
	}
}

// stuffRoundsMax bounds the rounds: a server that never stops reading has no bound of its own.
const stuffRoundsMax = 100

// stuffRound makes all connections send at the same time, until each has been stuck for a while. It
// returns how many bytes they sent.
func stuffRound(ctx context.Context, conns []net.Conn, message []byte, quiet time.Duration) int64 {
	var group sync.WaitGroup
	var sent atomic.Int64
	for _, conn := range conns {
		group.Go(func() {
			for ctx.Err() == nil {
				_ = conn.SetWriteDeadline(time.Now().Add(quiet))
				n, err := conn.Write(message)
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		})
	}
	group.Wait()
	return sent.Load()
}

// exchange makes peers send a message and read it, repeatedly, until the caller calls the returned
// function.
func (c *config) exchange(addr string, messages *atomic.Int64) (stop func() error, err error) {
	var conns []net.Conn
	var group errgroup.Group
	var stopped atomic.Bool
	stop = func() error {
		stopped.Store(true)
		for _, conn := range conns {
			_ = conn.SetDeadline(time.Now())
		}
		err := group.Wait()
		for _, conn := range conns {
			conn.Close()
		}
		return err
	}
	for range c.served {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		conns = append(conns, conn)
		group.Go(func() error {
			message := make([]byte, 64)
			for {
				_, err := conn.Write(message)
				if err == nil {
					_, err = io.ReadFull(conn, message)
				}
				if stopped.Load() {
					return nil
				}
				if err != nil {
					return err
				}
				messages.Add(1)
			}
		})
	}
	return stop, nil
}

// samplesMin is two per quarter.
const samplesMin = 8

// sampleMin is enough for the server to report, with a garbage collection.
const sampleMin = 20 * time.Millisecond

// slack bounds the growth of memory in addition to a tenth. A single peer makes a server
// without bounds exceed it in a moment.
const slack = 4 << 20

// watch samples the memory of the server for the requested time, and until other peers have been
// served, which is bounded.
func (c *config) watch(ctx context.Context, server *process.Server, r *row, served func() bool) error {
	tick := time.NewTicker(c.sample)
	defer tick.Stop()
	var samples []memory
	// By number, not by time: a busy machine may take its samples late.
	for began := time.Now(); time.Since(began) < c.duration || len(samples) < samplesMin || !served() && time.Since(began) < process.ReportWait; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		line, err := server.LastReport()
		if err != nil {
			return err
		}
		rss, err := server.Resident()
		if err != nil {
			return err
		}
		samples = append(samples, memory{rss: rss, heap: line.Heap})
	}
	for i, m := range samples {
		if i < len(samples)/4 {
			r.first = r.first.most(m)
		}
		if i >= len(samples)*3/4 {
			r.last = r.last.most(m)
		}
	}
	grown := func(first, last int) bool { return last > first+first/10+slack }
	if grown(r.first.rss, r.last.rss) || grown(r.first.heap, r.last.heap) {
		r.violations = append(r.violations, "the memory of the server grows")
	}
	return nil
}
