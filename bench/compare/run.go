package compare

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/edgewise-go/edgewise/bench/idle"
	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/contender"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/program"
	"github.com/edgewise-go/edgewise/bench/internal/report"
)

// idleRounds bounds the rounds of the row of memory, whose turns take long and differ little.
const idleRounds = 3

// runner is one run.
type runner struct {
	*config
	echo    string // the path of the program
	self    []string
	servers []*contender.Contender
	works   []Work
	result  *Result
	failed  map[[2]string]bool // by work and server
}

// measure builds all servers and measures them.
func (c *config) measure(ctx context.Context, out io.Writer) (*Result, error) {
	echo, remove, err := program.BuildEcho(ctx, c.echo)
	if err != nil {
		return nil, err
	}
	defer remove()
	dir, clean, err := contender.TemporaryDir()
	if err != nil {
		return nil, err
	}
	defer clean()
	r := &runner{config: c, echo: echo, failed: map[[2]string]bool{}}
	if r.self, err = process.Self(loadWord); err != nil {
		return nil, err
	}
	r.result = &Result{Machine: machine(), Date: time.Now().Format(dateFormat), Rounds: c.rounds, Duration: c.duration.String()}
	if err := r.build(ctx, out, dir); err != nil {
		return nil, err
	}
	for _, w := range works(c.held) {
		if slices.Contains(c.chosen(workWords()), w.Word) {
			r.works = append(r.works, w)
		}
	}
	r.result.Works = r.works
	fmt.Fprintf(out, "comparing %d servers at %d loads, %d rounds of %v each\n", len(r.servers), len(r.works), c.rounds, c.duration)
	return r.result, r.turns(ctx, out)
}

// build makes the servers, and prints those that cannot run here.
func (r *runner) build(ctx context.Context, out io.Writer, dir string) error {
	words := r.chosen(serverWords())
	progress := report.NewProgress(-1)
	progress.Begin("building the servers")
	servers, skipped, err := contender.Build(ctx, out, dir, words)
	progress.End()
	if err != nil {
		return err
	}
	for _, s := range ours(r.echo) {
		if !slices.Contains(words, s.Word) {
			continue
		}
		if err := s.Try(ctx); err != nil {
			skipped = append(skipped, contender.Skipped{Word: s.Word, Name: s.Name, Reason: strings.Join(strings.Fields(err.Error()), " ")})
			fmt.Fprintf(out, "skipped %s: %s\n", s.Name, skipped[len(skipped)-1].Reason)
			continue
		}
		servers = append(servers, s)
	}
	if len(servers) == 0 {
		return cli.Usagef("--only %s: none of these servers can run here", strings.Join(r.only, ","))
	}
	r.servers, r.result.Skipped = servers, skipped
	for _, s := range servers {
		r.result.Servers = append(r.result.Servers, Server{s.Word, s.Name, s.Version, s.Ours})
	}
	return nil
}

// roundsOf returns the number of rounds of a work.
func (r *runner) roundsOf(w Work) int {
	if w.Kind == idleKind {
		return min(r.rounds, idleRounds)
	}
	return r.rounds
}

// turns runs every server at every work in every round, and then counts system calls.
func (r *runner) turns(ctx context.Context, out io.Writer) error {
	steps := 0
	for _, w := range r.works {
		steps += (r.roundsOf(w) + 1) * len(r.servers)
	}
	progress := report.NewProgress(steps)
	defer progress.End()
	step := func(w Work, s *contender.Contender, what string, turn func() (Sample, error)) error {
		key := [2]string{w.Word, s.Word}
		if !r.failed[key] {
			progress.Begin("%s: %s%s", w.Word, s.Name, what)
			sample, err := turn()
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err != nil:
				r.failed[key] = true
				f := Failure{w.Word, s.Word, strings.Join(strings.Fields(err.Error()), " ")}
				r.result.Failed = append(r.result.Failed, f)
				progress.Clear()
				fmt.Fprintf(out, "failed %s at %s: %s\n", s.Name, w.Word, f.Reason)
			default:
				sample.Work, sample.Server = w.Word, s.Word
				r.result.Samples = append(r.result.Samples, sample)
			}
		}
		progress.Done()
		return nil
	}
	for _, w := range r.works {
		for round := range r.roundsOf(w) {
			for i := range r.servers {
				s := r.servers[(i+round)%len(r.servers)] // no server always follows the same one
				err := step(w, s, "", func() (Sample, error) {
					sample, err := r.turn(ctx, w, s)
					sample.Round = round
					return sample, err
				})
				if err != nil {
					return err
				}
			}
		}
		for _, s := range r.servers {
			if w.Kind == idleKind || r.result.Uncounted != "" {
				progress.Done()
				continue
			}
			if err := step(w, s, ", system calls", func() (Sample, error) { return r.count(ctx, w, s) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// turn starts a server, loads it, and measures it.
func (r *runner) turn(ctx context.Context, w Work, s *contender.Contender) (Sample, error) {
	server, err := process.Start(ctx, process.ServerCPU, s.Command(w.purpose))
	if err != nil {
		return Sample{}, err
	}
	defer server.Stop()
	if w.Kind == idleKind {
		perConn, err := idle.Hold(ctx, server, s.Reports(), w.Connections)
		return Sample{Bytes: perConn}, err
	}
	// The cost of making and closing a connection is not part of the cost of a message, unless a
	// message makes one.
	var cpu [2]time.Duration
	var switches [2]int
	loaded, err := program.Measure(ctx, w.load(r.self, r.echo, server.Addr, r.duration), func(phase string) (err error) {
		i := 0
		if phase == program.Over {
			i = 1
		}
		if cpu[i], err = server.CPU(); err == nil {
			switches[i], err = server.Switches()
		}
		return err
	})
	if err != nil {
		return Sample{}, err
	}
	return Sample{
		Rate: loaded.Rate, CPU: float64(cpu[1]-cpu[0]) / loaded.Messages, Switches: float64(switches[1]-switches[0]) / loaded.Messages,
		P50: float64(loaded.P50), P99: float64(loaded.P99), P999: float64(loaded.P999),
	}, nil
}

// count counts the system calls of a server in a turn of their own.
func (r *runner) count(ctx context.Context, w Work, s *contender.Contender) (Sample, error) {
	server, err := process.Start(ctx, process.ServerCPU, s.Command(w.purpose))
	if err != nil {
		return Sample{}, err
	}
	defer server.Stop()
	calls, err := server.CountSystemCalls()
	if err != nil {
		r.result.Uncounted = err.Error()
		return Sample{Round: -1}, nil
	}
	defer calls.Close()
	var total [2]int
	loaded, err := program.Measure(ctx, w.load(r.self, r.echo, server.Addr, r.duration), func(phase string) (err error) {
		i := 0
		if phase == program.Over {
			i = 1
		}
		total[i], err = calls.Total()
		return err
	})
	return Sample{Round: -1, SystemCalls: float64(total[1]-total[0]) / max(1, loaded.Messages)}, err
}
