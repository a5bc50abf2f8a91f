package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

const loadUsage = `usage: echo load [flags]

Opens connections to an echo server, keeps messages in flight on each, and verifies every byte that comes back.
Prints the rate and the latency. The exit code is 1 if a connection failed or a byte was wrong.`

// Bounds of the flags of load.
const (
	connsMax   = 1 << 20
	messageMax = 16 << 20
	depthMax   = 1 << 16
	dialersMax = 128 // connects in flight on each loop
)

const dialTimeout = 30 * time.Second

type loadConfig struct {
	addr     string
	conns    int
	size     int
	depth    int
	messages int64 // per connection; 0 for no limit
	duration time.Duration
	grace    time.Duration
	json     bool
	phases   bool
	options  edgewise.Options
}

func parseLoad(args []string) (loadConfig, error) {
	var c loadConfig
	fs := flag.NewFlagSet("echo load", flag.ContinueOnError)
	fs.StringVar(&c.addr, "addr", "127.0.0.1:7007", "address of the server, host:port")
	fs.IntVar(&c.conns, "c", 50, "connections")
	fs.IntVar(&c.size, "s", 128, "bytes of a message")
	fs.IntVar(&c.depth, "p", 1, "messages in flight on each connection")
	fs.DurationVar(&c.duration, "d", 5*time.Second, "how long to send after all connections are made")
	fs.Int64Var(&c.messages, "n", 0, "messages per connection, which then ends; 0 for no limit within -d")
	fs.DurationVar(&c.grace, "grace", 10*time.Second, "how long after -d outstanding messages may take to come back")
	fs.BoolVar(&c.json, "json", false, "print the result as one JSON object")
	fs.BoolVar(&c.phases, "phases", false, "print \"begun\" and \"over\" to standard error when the time of -d begins and ends, for a program that measures the server")
	strategy.Register(fs, &c.options, strategy.WithResolve)
	if err := cli.Parse(fs, args, loadUsage); err != nil {
		return c, err
	}
	switch {
	case fs.NArg() > 0:
		return c, cli.Usagef("unexpected argument %q (see echo load -h)", fs.Arg(0))
	case c.conns < 1 || c.conns > connsMax:
		return c, cli.Usagef("-c %d: want 1 to %d", c.conns, connsMax)
	case c.size < 1 || c.size > messageMax:
		return c, cli.Usagef("-s %d: want 1 to %d", c.size, messageMax)
	case c.depth < 1 || c.depth > depthMax:
		return c, cli.Usagef("-p %d: want 1 to %d", c.depth, depthMax)
	case c.messages < 0:
		return c, cli.Usagef("-n %d: want 0 or more", c.messages)
	case c.duration <= 0:
		return c, cli.Usagef("-d %v: want more than 0", c.duration)
	case c.grace <= 0:
		return c, cli.Usagef("-grace %v: want more than 0", c.grace)
	}
	return c, nil
}

// loader is one run of the load.
type loader struct {
	config  loadConfig
	pattern pattern
	shards  []*shard
	seed    uint64

	toConnect atomic.Int64
	connected chan struct{} // closed when every connection is made or has failed
	stopped   atomic.Bool   // send no new messages
	allEnded  chan struct{} // closed when no connection is left

	mu       sync.Mutex // guards the fields below
	began    time.Time
	waiting  []func() // resume the connections that wait for the start
	ended    int      // connections
	failures []error
}

// shard holds the counts of one loop, whose connections may run at the same time.
type shard struct {
	loop *sched.Loop
	next atomic.Int64 // index of the next connection to dial

	mu       sync.Mutex // guards the fields below
	messages int64
	latency  *hdrhistogram.Histogram
}

// arrived counts a message that has come back.
func (s *shard) arrived(took time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages++
	return s.latency.RecordValue(max(1, took.Microseconds()))
}

func load(ctx context.Context, args []string) error {
	config, err := parseLoad(args)
	if err != nil {
		return err
	}
	config.options.Sched.Ended = func(string, error) {} // end counts the failures
	config.options.Dialer.Timeout = dialTimeout
	stack, err := strategy.Open(config.options)
	if err != nil {
		return err
	}
	l := &loader{config: config, seed: rand.Uint64(), connected: make(chan struct{}), allEnded: make(chan struct{})}
	l.pattern = newPattern(config.size, l.seed)
	l.toConnect.Store(int64(config.conns))
	for i, loop := range stack.Scheduler().Loops() {
		s := &shard{loop: loop, latency: newHistogram()}
		s.next.Store(int64(i))
		l.shards = append(l.shards, s)
	}
	for _, s := range l.shards {
		for range min(dialersMax, config.conns) {
			if err := s.loop.Go(ctx, "dial", func(t *sched.Task) error { return l.dial(ctx, t, s, stack) }); err != nil {
				return err
			}
		}
	}
	l.conduct(ctx, stack.Done())
	// The context ends the tasks, and the loops end after the tasks.
	if err := stack.Shutdown(context.Background()); err != nil {
		return err
	}
	return l.report(os.Stdout, os.Stderr)
}

// conduct waits until all connections are made, and lets them send for the duration. It returns
// early when ctx is done, or when over reports the end of the loops.
func (l *loader) conduct(ctx context.Context, over <-chan struct{}) {
	select {
	case <-l.connected:
	case <-over:
		return
	case <-ctx.Done():
		return
	}
	l.phase("begun")
	l.begin()
	select {
	case <-time.After(l.config.duration):
	case <-l.allEnded:
	case <-over:
	case <-ctx.Done():
	}
	l.stopped.Store(true)
	l.phase("over")
}

func (l *loader) phase(name string) {
	if l.config.phases {
		fmt.Fprintln(os.Stderr, name)
	}
}

// begin resumes every connection.
func (l *loader) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.began = time.Now()
	for _, resume := range l.waiting {
		resume()
	}
	l.waiting = nil
}

// dial makes connections one after the other until the loop has its share.
func (l *loader) dial(ctx context.Context, t *sched.Task, s *shard, stack *edgewise.Stack) error {
	for {
		stride := int64(len(l.shards))
		index := int(s.next.Add(stride) - stride)
		if index >= l.config.conns {
			return nil
		}
		conn, err := stack.DialContext(ctx, "tcp", l.config.addr)
		if err != nil {
			l.end(index, err)
		} else if err := t.Go(ctx, "load", func(t *sched.Task) error {
			defer conn.Close()
			l.end(index, l.exchange(t, s, conn.(*stream.Conn), index))
			return nil
		}); err != nil {
			conn.Close()
			l.end(index, err)
		}
		if l.toConnect.Add(-1) == 0 {
			close(l.connected)
		}
	}
}

// end records that a connection has ended, and its error if it failed.
func (l *loader) end(index int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.failures = append(l.failures, fmt.Errorf("connection %d: %w", index, err))
	}
	if l.ended++; l.ended == l.config.conns {
		close(l.allEnded)
	}
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
}

// result is the outcome of a run.
type result struct {
	Connections int     `json:"connections"`
	Messages    int64   `json:"messages"`
	Seconds     float64 `json:"seconds"`
	Rate        float64 `json:"messages_per_second"`
	P50         int64   `json:"p50_us"`
	P99         int64   `json:"p99_us"`
	P999        int64   `json:"p999_us"`
	Failed      int     `json:"failed"`
	Seed        uint64  `json:"seed"`
}

// failuresShownMax bounds the failures that are printed one by one.
const failuresShownMax = 5

func (l *loader) report(stdout, stderr io.Writer) error {
	r := result{Connections: l.config.conns, Failed: len(l.failures), Seed: l.seed}
	all := newHistogram()
	for _, s := range l.shards {
		r.Messages += s.messages
		all.Merge(s.latency)
	}
	if !l.began.IsZero() {
		// Only messages within the duration count. Messages that come back later are verified but
		// not counted.
		r.Seconds = min(time.Since(l.began), l.config.duration).Seconds()
		r.Rate = float64(r.Messages) / r.Seconds
	}
	r.P50, r.P99, r.P999 = all.ValueAtQuantile(50), all.ValueAtQuantile(99), all.ValueAtQuantile(99.9)
	for i, err := range l.failures {
		if i == failuresShownMax {
			fmt.Fprintf(stderr, "echo: and %d more\n", len(l.failures)-i)
			break
		}
		fmt.Fprintf(stderr, "echo: %v\n", err)
	}
	if l.config.json {
		if err := json.NewEncoder(stdout).Encode(r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(stdout, "%d messages of %d B over %d connections in %.2f s: %.0f messages/s, %.1f MB/s each way, p50 %v p99 %v p99.9 %v, %d failed\n",
			r.Messages, l.config.size, r.Connections, r.Seconds, r.Rate, r.Rate*float64(l.config.size)/1e6,
			micros(r.P50), micros(r.P99), micros(r.P999), r.Failed)
	}
	if r.Failed > 0 {
		return cli.ErrReported
	}
	if l.began.IsZero() {
		return errors.New("interrupted before all connections were made")
	}
	return nil
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
