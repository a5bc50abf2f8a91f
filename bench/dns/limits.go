package dns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/memory"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/report"
)

const limitsLong = `Measures the stub resolver at its limits: names in the cache, very many lookups at once, a dead server, lost datagrams
and a flood of forged replies. Each measure is a process of its own, and so is each server. The exit code is 1 if
a promise was broken: no allocation for a cached name, no wrong answer and no failure under the flood, and sockets and
goroutines whose number does not depend on that of the lookups. Times are figures, not promises.`

type limits struct {
	outstanding, hits int
	duration          time.Duration
	json              string
}

func limitsCommand() *cobra.Command {
	l := &limits{}
	cmd := cli.Measure("limits", "Measure the stub resolver with many lookups, dead servers, losses and forged replies", limitsLong, l.measure)
	f := cmd.Flags()
	f.IntVar(&l.outstanding, "outstanding", 100_000, "lookups that are outstanding at once")
	f.IntVar(&l.hits, "hits", 5_000_000, "lookups of cached names")
	f.DurationVarP(&l.duration, "duration", "d", 5*time.Second, "length of a measure with a faulty server")
	f.StringVar(&l.json, "json", "", "file to write the figures to, as JSON")
	cli.Positive(cmd, "outstanding", "hits", "duration")
	return cmd
}

// Figures of the faulty servers.
const (
	secondRTT    = 5 * time.Millisecond // of the server after the dead one
	forgedPerSec = 10_000
	floodDelay   = 20 * time.Millisecond // of the server under the flood: it gives the forger time
	lossShare    = 0.5
	maxSockets   = 64 // per server, with those that retire
	maxRoutines  = 2*maxSockets + 8
)

// limit is one measure.
type limit struct {
	name    string
	servers []behaviour
	args    []string
	text    func(found) string
	checks  func(found) []report.Check
}

func (l *limits) all() []limit {
	local := func(b behaviour) behaviour { b.Addr = "127.0.0.1:0"; return b }
	n, d := strconv.Itoa(l.outstanding), l.duration.String()
	flat := func(f found) []report.Check {
		return []report.Check{report.NewCheck(fmt.Sprintf("%d lookups share sockets and goroutines", l.outstanding), f.Sockets > 0 && f.Sockets <= maxSockets && f.Goroutines <= maxRoutines,
			"%d sockets, %d goroutines", f.Sockets, f.Goroutines)}
	}
	many := func(f found) string {
		return fmt.Sprintf("%d sockets, %d goroutines, %s in all, %.0f B per lookup, %d on the wire at once; %d answered, %d failed, %d sent again, %.1f s",
			f.Sockets, f.Goroutines, memory.Format(f.Memory), f.Memory/float64(l.outstanding), f.OnWire, f.Answered, f.Failed, f.Stats.Retransmitted, f.Wall.Seconds())
	}
	return []limit{
		{"cached name", []behaviour{local(behaviour{TTL: 3600})}, []string{"--measure", hitsMeasure, "--count", strconv.Itoa(l.hits)},
			func(f found) string {
				return fmt.Sprintf("%.0f ns of processor time, %.0f ns on the clock of a loop, %.4f allocations", f.Nanos, f.LoopNanos, f.Allocations)
			},
			func(f found) []report.Check {
				return []report.Check{report.NewCheck("a cached name needs no allocation", f.Allocations < 0.001, "%.4f per lookup", f.Allocations)}
			}},
		{"outstanding, answered after 1 s", []behaviour{local(behaviour{Delay: time.Second})},
			[]string{"--measure", outstandingMeasure, "--count", n, "--timeout", "2m", "--answered"}, many, func(f found) []report.Check {
				return append(flat(f), report.NewCheck("all of them are answered", f.Answered == l.outstanding, "%d of %d", f.Answered, l.outstanding))
			}},
		{"outstanding, never answered", []behaviour{local(behaviour{Loss: 1})}, []string{"--measure", outstandingMeasure, "--count", n}, many, flat},
		{"first of two servers dead", []behaviour{local(behaviour{Loss: 1}), local(behaviour{Delay: secondRTT})},
			[]string{"--measure", steadyMeasure, "--users", "16", "--warmup", "1s", "-d", d}, func(f found) string {
				return fmt.Sprintf("%s; the second server needs %v", times(f), secondRTT)
			}, nil},
		{"first lookup, first of two servers dead", []behaviour{local(behaviour{Loss: 1}), local(behaviour{Delay: secondRTT})},
			[]string{"--measure", coldMeasure, "--count", "9"}, times, nil},
		{"half of the datagrams lost", []behaviour{local(behaviour{Loss: lossShare})}, []string{"--measure", steadyMeasure, "--users", "64", "-d", d}, func(f found) string {
			return fmt.Sprintf("%.2f%% answered; %s", 100*float64(f.Answered)/float64(max(1, f.Answered+f.Failed)), times(f))
		}, nil},
		{"one datagram lost, known server", []behaviour{local(behaviour{LoseFirst: true})}, []string{"--measure", steadyMeasure, "--warmup", "1s", "-d", d}, times, nil},
		{"one datagram lost, first lookup", []behaviour{local(behaviour{LoseFirst: true})}, []string{"--measure", coldMeasure, "--count", "9"}, times, nil},
		{"forged replies", []behaviour{local(behaviour{Delay: floodDelay, Forged: forgedPerSec})}, []string{"--measure", steadyMeasure, "--users", "64", "-d", d},
			func(f found) string {
				return fmt.Sprintf("%d forged replies ignored, %d wrong answers, %d failed, %d asked over TCP too; %s; the server needs %v", f.Stats.OtherID+f.Stats.OtherQuestion,
					f.Wrong, f.Failed, f.Stats.Suspected, times(f), floodDelay)
			}, func(f found) []report.Check {
				return []report.Check{report.NewCheck("forged replies change nothing", f.Wrong == 0 && f.Failed == 0 && f.Stats.OtherID > 0 && f.Answered > 0,
					"%d wrong, %d failed, %d answered, %d forged replies ignored", f.Wrong, f.Failed, f.Answered, f.Stats.OtherID)}
			}},
	}
}

func times(f found) string {
	text := fmt.Sprintf("p50 %v, p99 %v, most %v; %d answered, %d failed", short(f.P50), short(f.P99), short(f.Most), f.Answered, f.Failed)
	if f.Error != "" {
		text += " (" + f.Error + ")"
	}
	return text
}

// short rounds d to three digits or so.
func short(d time.Duration) time.Duration {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond)
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(100 * time.Nanosecond)
}

// limitFigures are the measurements.
type limitFigures struct {
	System string           `json:"system"`
	Found  map[string]found `json:"found"`
	Checks []report.Check   `json:"checks"`
}

func (l *limits) measure(ctx context.Context, out io.Writer) error {
	all := l.all()
	figures := limitFigures{System: report.System(), Found: map[string]found{}}
	fmt.Fprintf(out, "%s\n", figures.System)
	progress := report.NewProgress(len(all))
	defer progress.End()
	for _, one := range all {
		progress.Begin("%s", one.name)
		f, err := one.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		progress.Clear()
		fmt.Fprintf(out, "%s: %s\n", one.name, one.text(f))
		figures.Found[one.name] = f
		if one.checks != nil {
			figures.Checks = append(figures.Checks, one.checks(f)...)
		}
		progress.Done()
	}
	progress.End()
	good := report.PrintChecks(out, figures.Checks)
	if err := writeJSON(l.json, figures); err != nil {
		return err
	}
	if !good {
		return errors.New("a promise was not kept")
	}
	return nil
}

func (l limit) run(ctx context.Context) (found, error) {
	var addrs []string
	for _, b := range l.servers {
		s, err := startResponder(ctx, b)
		if err != nil {
			return found{}, err
		}
		defer s.Stop()
		addrs = append(addrs, s.Addr)
	}
	args, err := process.Self(append([]string{probeWord, "--server", strings.Join(addrs, ",")}, l.args...)...)
	if err != nil {
		return found{}, err
	}
	return outputOf[found](ctx, process.LoadCPU, args)
}
