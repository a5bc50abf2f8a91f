package compare

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/program"
	"github.com/edgewise-go/edgewise/bench/internal/stats"
)

// loadWord is the word of the role.
const loadWord = "compare-load"

// load is a run against a server.
type load struct {
	addr     string
	kind     string
	conns    int
	size     int
	rate     int
	duration time.Duration
}

// Load returns the role that loads a server in the ways that the program echo has not.
func Load() *cobra.Command {
	l := &load{}
	cmd := cli.Role(loadWord, "Load of a server for compare: at a rate, with a connection per message, or in one direction", l.run)
	f := cmd.Flags()
	f.StringVar(&l.addr, "addr", "", "IPv4 address and port of the server")
	f.StringVar(&l.kind, "kind", string(paced), "paced, churn or flood")
	f.IntVarP(&l.conns, "connections", "c", 1, "connections at once")
	f.IntVarP(&l.size, "size", "s", 64, "bytes of a message, at least 8")
	f.IntVar(&l.rate, "rate", 1000, "messages per second on all connections; paced only")
	f.DurationVarP(&l.duration, "duration", "d", time.Second, "how long to load")
	cli.Positive(cmd, "connections", "duration")
	return cmd
}

func (l *load) run(out io.Writer) error {
	addr, err := netip.ParseAddrPort(l.addr)
	if err != nil || !addr.Addr().Is4() {
		return cli.Usagef("--addr %q: want an IPv4 address and a port", l.addr)
	}
	if err := cli.SomeOf("kind", []string{l.kind}, []string{string(paced), string(churn), string(flood)}); err != nil {
		return err
	}
	if l.size < stampBytes {
		return cli.Usagef("--size %d: want at least %d", l.size, stampBytes)
	}
	if kind(l.kind) == paced && l.rate <= 0 {
		return cli.Usagef("--rate %d: want more than 0", l.rate)
	}
	took, messages, err := l.drive(addr)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(summary(took, messages, l.duration))
}

// stampBytes is the size of the number at the start of each message, which makes messages differ.
const stampBytes = 8

// summary counts messages and sorts their times.
func summary(took []time.Duration, messages float64, d time.Duration) program.Loaded {
	r := program.Loaded{Messages: messages, Rate: messages / d.Seconds()}
	if len(took) > 0 {
		slices.Sort(took)
		quantile := func(p float64) int { return int(stats.OfSorted(p, took).Microseconds()) }
		r.P50, r.P99, r.P999 = quantile(0.5), quantile(0.99), quantile(0.999)
	}
	return r
}

// phase tells the measuring process what begins.
func phase(name string) { fmt.Fprintln(os.Stderr, name) }
