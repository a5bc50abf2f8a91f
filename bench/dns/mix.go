package dns

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/stub"
)

// mixWord is the word of the role that runs one strategy at one load.
const mixWord = "dns-mix"

type mix struct {
	strategy, server string
	hits, users      int
	warmup, duration time.Duration
}

// Mix returns the role that runs one strategy at one load.
func Mix() *cobra.Command {
	m := &mix{}
	cmd := cli.Role(mixWord, "DNS client for resolve sweep; prints its counts", m.serve)
	f := cmd.Flags()
	f.StringVar(&m.strategy, "strategy", eventedName, "strategy that answers what the cache cannot")
	f.StringVar(&m.server, "server", "", "address of the server")
	f.IntVar(&m.hits, "hits", 0, "percentage of the lookups that the cache answers")
	f.IntVar(&m.users, "users", 1, "lookups wanted at once")
	f.DurationVar(&m.warmup, "warmup", 100*time.Millisecond, "time before the measurement")
	f.DurationVarP(&m.duration, "duration", "d", time.Second, "length of the measurement")
	cli.Positive(cmd, "users", "duration")
	return cmd
}

// outcome is what a strategy has done at one load.
type outcome struct {
	tally
	Cached  int           `json:"cached"` // answered by the cache
	P50     time.Duration `json:"p50_ns"`
	P99     time.Duration `json:"p99_ns"`
	P50Open bool          `json:"p50_open,omitempty"` // the lookup had not ended: it took longer
	P99Open bool          `json:"p99_open,omitempty"`
	Why     string        `json:"why,omitempty"` // what an adaptive strategy has chosen, and why
}

// primed answers from memory while the cache is filled, and then asks the next strategy.
type primed struct {
	resolve.Strategy
	filling bool
}

// Start answers or asks. Only the thread of the users calls it.
func (p *primed) Start(q *resolve.Query) {
	if !p.filling {
		p.Strategy.Start(q)
		return
	}
	if q.Accept(nil) {
		a := resolve.NewAnswer(q.Question, []netip.Addr{netip.AddrFrom4(rightAddr)})
		a.Expires = time.Now().Add(time.Hour)
		q.Finish(a, nil)
	}
}

// sampleEvery is the number of lookups per measured one if the cache answers most: looking at
// the clock takes about as long as a hit.
const sampleEvery = 8

func (m *mix) serve(out io.Writer) error {
	server, err := netip.ParseAddrPort(m.server)
	if err != nil {
		return cli.Usagef("--server %q: %w", m.server, err)
	}
	s, err := newStrategy(m.strategy, []netip.AddrPort{server}, stub.Options{})
	if err != nil {
		return err
	}
	next := &primed{Strategy: s, filling: true}
	cache, err := resolve.NewCache(resolve.CacheOptions{}, next)
	if err != nil {
		return err
	}
	const cached = 256
	unknown := fresh()
	known := make([]resolve.Question, cached)
	for i := range known {
		known[i] = unknown()
		if _, err := wait(cache, known[i]); err != nil {
			return err
		}
	}
	next.filling = false
	random := rand.New(rand.NewPCG(1, 2))
	sample := 1
	if m.hits > 90 {
		sample = sampleEvery
	}
	u := newUsers(cache, m.users, sample, func() resolve.Question {
		if n := random.Uint32(); int(n%100) < m.hits {
			return known[n>>8%cached]
		}
		return unknown()
	})
	u.run(m.warmup)
	u.reset()
	begin, err := newMark()
	if err != nil {
		return err
	}
	u.run(m.duration)
	var o outcome
	if o.tally, err = begin.since(); err != nil {
		return err
	}
	o.Lookups, o.Failed, o.Cached = u.answered, u.failed, u.direct
	all := u.latencies(time.Now())
	p50, p99 := quantile(0.5, all), quantile(0.99, all)
	o.P50, o.P50Open, o.P99, o.P99Open = p50.d, p50.open, p99.d, p99.open
	if s.why != nil {
		o.Why = s.why()
	}
	// The process ends with its lookups in flight.
	return json.NewEncoder(out).Encode(o)
}
