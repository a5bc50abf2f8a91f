package dns

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/memory"
	"github.com/edgewise-go/edgewise/resolve"
	"github.com/edgewise-go/edgewise/resolve/evented"
	"github.com/edgewise-go/edgewise/resolve/stub"
)

// probeWord is the word of the role that measures one limit.
const probeWord = "dns-probe"

// The measures of a probe.
const (
	hitsMeasure        = "hits"        // a cached name
	outstandingMeasure = "outstanding" // many lookups at once
	steadyMeasure      = "steady"      // lookups by some users for a time
	coldMeasure        = "cold"        // the first lookup of a resolver, several times
)

type probe struct {
	measure          string
	servers          []string
	users, count     int
	warmup, duration time.Duration
	timeout          time.Duration
	answered         bool
}

// Probe returns the role that measures one limit.
func Probe() *cobra.Command {
	p := &probe{}
	cmd := cli.Role(probeWord, "DNS client for resolve limits; prints what it found", p.serve)
	f := cmd.Flags()
	f.StringVar(&p.measure, "measure", steadyMeasure, "hits, outstanding, steady or cold")
	f.StringSliceVar(&p.servers, "server", nil, "addresses of the servers, in order, comma-separated")
	f.IntVar(&p.users, "users", 1, "lookups in flight")
	f.IntVar(&p.count, "count", 1, "lookups")
	f.DurationVar(&p.warmup, "warmup", 0, "time before the measurement")
	f.DurationVarP(&p.duration, "duration", "d", time.Second, "length of the measurement")
	f.DurationVar(&p.timeout, "timeout", stub.DefaultTimeout, "time after which a lookup fails")
	f.BoolVar(&p.answered, "answered", false, "wait until all outstanding lookups have ended")
	cli.Positive(cmd, "users", "count", "duration", "timeout")
	return cmd
}

// found is what a probe has found. A measure sets some of the fields.
type found struct {
	Nanos       float64 `json:"cpu_ns_per_lookup,omitempty"`
	LoopNanos   float64 `json:"cpu_ns_per_lookup_on_a_loops_clock,omitempty"`
	Allocations float64 `json:"allocations_per_lookup"`

	Sockets    int     `json:"sockets,omitempty"`    // most, while the lookups were outstanding
	Goroutines int     `json:"goroutines,omitempty"` // like Sockets
	Memory     float64 `json:"bytes,omitempty"`      // of heap and stacks, more than before
	OnWire     int     `json:"on_the_wire,omitempty"`

	Answered int           `json:"answered"`
	Failed   int           `json:"failed"`
	Wrong    int           `json:"wrong"`
	P50      time.Duration `json:"p50_ns,omitempty"`
	P99      time.Duration `json:"p99_ns,omitempty"`
	Most     time.Duration `json:"most_ns,omitempty"`
	Wall     time.Duration `json:"wall_ns,omitempty"`
	Stats    stub.Stats    `json:"stats"`
	Error    string        `json:"error,omitempty"` // the last failure
}

func (p *probe) serve(out io.Writer) error {
	measures := map[string]func([]netip.AddrPort) (found, error){
		hitsMeasure: p.hits, outstandingMeasure: p.outstanding, steadyMeasure: p.steady, coldMeasure: p.cold,
	}
	measure, ok := measures[p.measure]
	if !ok {
		return cli.Usagef("--measure %s: unknown; want one of %s,%s,%s,%s", p.measure, hitsMeasure, outstandingMeasure, steadyMeasure, coldMeasure)
	}
	var servers []netip.AddrPort
	for _, s := range p.servers {
		addr, err := netip.ParseAddrPort(s)
		if err != nil {
			return cli.Usagef("--server %q: %w", s, err)
		}
		servers = append(servers, addr)
	}
	f, err := measure(servers)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(f)
}

func (p *probe) open(servers []netip.AddrPort) (*evented.Resolver, error) {
	return evented.New(evented.Options{Dial: new(net.Dialer).DialContext, Servers: evented.Servers(servers...), Stub: stub.Options{Timeout: p.timeout}})
}

// fresh returns questions with names that were not asked before.
func fresh() func() resolve.Question {
	i := 0
	return func() resolve.Question {
		i++
		q, err := resolve.NewQuestion(name(i), resolve.TypeA)
		if err != nil {
			panic(err) // the name is valid
		}
		return q
	}
}

func isRight(a resolve.Answer) bool {
	return a.Len() == 1 && a.Addr(0) == netip.AddrFrom4(rightAddr)
}

// hits measures lookups that the cache answers: of many names, so that they are not in the
// processor's cache, by the clock of the system and by that of a loop.
func (p *probe) hits(servers []netip.AddrPort) (found, error) {
	var f found
	for _, onLoop := range []bool{false, true} {
		r, err := p.open(servers)
		if err != nil {
			return f, err
		}
		var o resolve.CacheOptions
		if onLoop {
			turn := time.Now()
			o.Clock = func() time.Time { return turn }
		}
		c, err := resolve.NewCache(o, r)
		if err != nil {
			return f, errors.Join(err, r.Close())
		}
		next := fresh()
		const cached = 1024
		questions := make([]resolve.Question, cached)
		for i := range questions {
			questions[i] = next()
			if _, err := wait(c, questions[i]); err != nil {
				return f, errors.Join(err, c.Close())
			}
		}
		begin, err := newMark()
		if err != nil {
			return f, err
		}
		for i := range p.count {
			if _, err := c.Try(questions[i%cached]); err != nil {
				return f, errors.Join(fmt.Errorf("a cached name: %w", err), c.Close())
			}
		}
		t, err := begin.since()
		if err != nil {
			return f, err
		}
		t.Lookups = p.count
		f.Answered += p.count
		n, _ := t.allocations()
		f.Allocations = max(f.Allocations, n)
		if onLoop {
			f.LoopNanos = t.cpuPerLookup()
		} else {
			f.Nanos = t.cpuPerLookup()
		}
		if err := c.Close(); err != nil {
			return f, err
		}
		r.Wait()
	}
	return f, nil
}

// wait looks a name up.
func wait(s resolve.Strategy, q resolve.Question) (a resolve.Answer, err error) {
	u := newUsers(s, 1, 1, func() resolve.Question { return q })
	u.check = func(got resolve.Answer) bool { a = got; return true }
	if u.begin() {
		<-u.ready
		u.inbox.Run(0)
	}
	return a, u.lastErr
}

// sockets returns the number of descriptors of this process that are sockets.
func sockets() int {
	all, _ := os.ReadDir("/proc/self/fd")
	n := 0
	for _, fd := range all {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}

// goMemory returns the bytes of live objects and of stacks.
func goMemory() float64 {
	live := memory.HeapLive()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(live) + float64(m.StackInuse)
}

// settle is the time after the start of the last lookup in which sockets are counted.
const (
	settle     = 300 * time.Millisecond
	settleStep = 15 * time.Millisecond
)

// outstanding starts all lookups at once, and then counts what they take.
func (p *probe) outstanding(servers []netip.AddrPort) (found, error) {
	var f found
	before, socketsBefore, goroutinesBefore := goMemory(), sockets(), runtime.NumGoroutine()
	r, err := p.open(servers)
	if err != nil {
		return f, err
	}
	u := newUsers(r, p.count, 1<<30, fresh())
	u.check = isRight
	begin := time.Now()
	for range p.count {
		u.begin()
	}
	// A user that is answered meanwhile must not begin another lookup: Run is not called yet.
	for range settle / settleStep {
		f.Sockets, f.Goroutines = max(f.Sockets, sockets()-socketsBefore), max(f.Goroutines, runtime.NumGoroutine()-goroutinesBefore)
		time.Sleep(settleStep)
	}
	f.Memory = goMemory() - before
	f.OnWire = r.Stats().InFlight
	for p.answered && u.answered+u.failed+u.wrong < p.count {
		<-u.ready
		u.inbox.Run(0)
		f.Sockets, f.Goroutines = max(f.Sockets, sockets()-socketsBefore), max(f.Goroutines, runtime.NumGoroutine()-goroutinesBefore)
	}
	f.Wall = time.Since(begin)
	f.Stats = r.Stats()
	f.Answered, f.Failed, f.Wrong = u.answered, u.failed, u.wrong
	if u.lastErr != nil {
		f.Error = u.lastErr.Error()
	}
	r.Close()
	r.Wait()
	return f, nil
}

func (p *probe) steady(servers []netip.AddrPort) (found, error) {
	var f found
	r, err := p.open(servers)
	if err != nil {
		return f, err
	}
	u := newUsers(r, p.users, 1, fresh())
	u.check = isRight
	u.run(p.warmup)
	u.reset()
	u.run(p.duration)
	f.fill(u)
	f.Stats = r.Stats()
	u.stop()
	r.Close()
	r.Wait()
	return f, nil
}

// fill sets the counts and times of users. Times of lookups that have not ended count as they are.
func (f *found) fill(u *users) {
	all := u.latencies(time.Now())
	f.Answered, f.Failed, f.Wrong = u.answered, u.failed, u.wrong
	f.P50, f.P99, f.Most = quantile(0.5, all).d, quantile(0.99, all).d, quantile(1, all).d
	if u.lastErr != nil {
		f.Error = u.lastErr.Error()
	}
}

// cold measures the first lookup of resolvers that know nothing about their servers.
func (p *probe) cold(servers []netip.AddrPort) (found, error) {
	var f found
	var total users
	next := fresh()
	for range p.count {
		r, err := p.open(servers)
		if err != nil {
			return f, err
		}
		u := newUsers(r, 1, 1, next)
		u.check = isRight
		u.begin()
		<-u.ready
		u.inbox.Run(0)
		total.samples = append(total.samples, u.samples...)
		total.answered, total.failed, total.wrong = total.answered+u.answered, total.failed+u.failed, total.wrong+u.wrong
		f.Stats = r.Stats()
		r.Close()
		r.Wait()
	}
	f.fill(&total)
	return f, nil
}
