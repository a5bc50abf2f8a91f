// Package queue compares the mechanisms of the event queue in all modes.
package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/process"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bench/internal/stats"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sys"
)

const long = `An echo server and a load run in separate processes, joined by socket pairs. For every mechanism of the event queue that
works here, in every mode, it prints how often the server waits per message, its system calls per message (counted by
strace, if present), its processor time per message, and how often an unread source is reported.`

type config struct {
	rounds, messages int
	sweep            strategy.Sweep
}

// Command returns the command.
func Command() *cobra.Command {
	c := &config{sweep: strategy.Sweep{Modes: strategy.ModeNames()}}
	cmd := cli.Measure("queue", "Count waits, system calls and reports of the event queue, on every mechanism in every mode", long, c.measure)
	cmd.Flags().IntVar(&c.rounds, "rounds", 7, "turns of each mechanism in each mode; the median counts")
	cmd.Flags().IntVarP(&c.messages, "messages", "n", 100_000, "messages of a turn; a quarter of them with one in flight")
	c.sweep.Register(cmd.Flags())
	cli.Positive(cmd, "rounds", "messages")
	return cmd
}

const (
	conns        = 64
	messageBytes = 64 // bytes
	// unreadTurns is the number of turns in which a ready source is not read.
	unreadTurns = 100
)

// messagesMin leaves one message for the turns with one in flight.
const messagesMin = 4

// turn is the count of a server.
type turn struct {
	Waits  int64 // how often Wait returned
	Events int64
	CPU    time.Duration
}

// row is a mechanism in a mode.
type row struct {
	mechanism   string
	mode        queue.Mode
	single      []turn  // one message in flight
	many        []turn  // one on each connection
	calls       float64 // system calls per message with one in flight; negative if not counted
	reports     int     // how often an unread source was reported
	messages    int64   // of a turn in many
	messagesOne int64   // of a turn in single
}

func (c *config) measure(ctx context.Context, w io.Writer) error {
	if c.messages < messagesMin {
		return cli.Usagef("--messages %d: want at least %d", c.messages, messagesMin)
	}
	rows, err := c.measured(w)
	if err != nil {
		return err
	}
	strace, why := exec.LookPath("strace")
	if why != nil {
		fmt.Fprintf(w, "system calls are not counted: %v\n", why)
	}
	progress := report.NewProgress((c.rounds + 1) * len(rows))
	defer progress.End()
	for round := range c.rounds {
		for i := range rows {
			r := &rows[(i+round)%len(rows)]
			progress.Begin("%s, %v", r.mechanism, r.mode)
			if err := r.turn(ctx, c.messages); err != nil {
				return fmt.Errorf("%s in mode %v: %w", r.mechanism, r.mode, err)
			}
			progress.Done()
		}
	}
	for i := range rows {
		r := &rows[i]
		r.calls = -1
		if why == nil {
			progress.Begin("system calls: %s, %v", r.mechanism, r.mode)
			if r.calls, err = r.count(ctx, strace); err != nil {
				return fmt.Errorf("%s in mode %v: %w", r.mechanism, r.mode, err)
			}
		}
	}
	progress.End()
	fmt.Fprintf(w, "queue: %d connections, %d B, medians of %d turns of %d messages\n", conns, messageBytes, c.rounds, c.messages)
	return printQueues(w, rows)
}

// measured returns a row for each mechanism in each mode. It prints the mechanisms that do not work
// here.
func (c *config) measured(w io.Writer) ([]row, error) {
	choices, err := c.sweep.All(w)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, choice := range choices {
		reports, err := countReports(choice)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", choice, err)
		}
		rows = append(rows, row{mechanism: choice.Queue, mode: strategy.Mode(choice.Mode), reports: reports})
	}
	return rows, nil
}

// countReports returns how often a ready source is reported that is not read for unreadTurns turns.
func countReports(c strategy.Choice) (count int, err error) {
	q, err := auto.ByName(c.Queue)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	a, b, err := sys.SocketPair()
	if err != nil {
		return 0, err
	}
	defer sys.Close(a)
	defer sys.Close(b)
	if _, err := sys.Send(b, make([]byte, 1)); err != nil {
		return 0, err
	}
	if err := q.Add(a, queue.Registration{Token: 1, Interest: queue.Readable, Mode: strategy.Mode(c.Mode)}); err != nil {
		return 0, err
	}
	events := make([]queue.Event, 4)
	for range unreadTurns {
		n, err := q.Wait(events, 0)
		if err != nil {
			return 0, err
		}
		count += n
	}
	return count, q.Delete(a)
}

func printQueues(w io.Writer, rows []row) error {
	t := report.NewTable(w)
	fmt.Fprintf(t, "\t\tone in flight\t\t\t%d in flight\t\tnot read\t\n", conns)
	fmt.Fprintf(t, "mechanism\tmode\twaits/message\tsystem calls/message\tCPU ns/message\twaits/message\tCPU ns/message\tevents in %d turns\t\n", unreadTurns)
	for _, r := range rows {
		calls := "-"
		if r.calls >= 0 {
			calls = fmt.Sprintf("%.2f", r.calls)
		}
		fmt.Fprintf(t, "%s\t%v\t%.2f\t%s\t%.0f\t%.2f\t%.0f\t%d\t\n", r.mechanism, r.mode,
			r.per(r.single, r.messagesOne, waits), calls, r.per(r.single, r.messagesOne, cpu),
			r.per(r.many, r.messages, waits), r.per(r.many, r.messages, cpu), r.reports)
	}
	return t.Flush()
}

func waits(t turn) float64 { return float64(t.Waits) }
func cpu(t turn) float64   { return float64(t.CPU) }

func (r *row) per(turns []turn, messages int64, of func(turn) float64) float64 {
	return stats.MedianOf(turns, of) / float64(messages)
}

func (r *row) turn(ctx context.Context, messages int) error {
	r.messages, r.messagesOne = int64(messages), int64(messages/4)
	one, err := r.run(ctx, nil, int(r.messagesOne), 1)
	if err != nil {
		return err
	}
	many, err := r.run(ctx, nil, messages, conns)
	r.single, r.many = append(r.single, one), append(r.many, many)
	return err
}

// count returns the system calls per message, as the difference of two runs, which excludes the
// cost of starting and ending.
func (r *row) count(ctx context.Context, strace string) (float64, error) {
	const few, more = 200, 1200
	var calls [2]float64
	for i, n := range []int{few, more} {
		out, err := os.CreateTemp("", "bench-calls")
		if err != nil {
			return 0, err
		}
		defer os.Remove(out.Name())
		defer out.Close()
		if _, err := r.run(ctx, []string{strace, "-f", "-qq", "-o", out.Name()}, n, 1); err != nil {
			return 0, err
		}
		text, err := io.ReadAll(out)
		if err != nil {
			return 0, err
		}
		for line := range bytes.Lines(text) {
			// A call that is interrupted by one of another thread has a second line. The calls of
			// the Go runtime do not count.
			if !bytes.Contains(line, []byte(" resumed>")) && !ofRuntime(line) {
				calls[i]++
			}
		}
	}
	return (calls[1] - calls[0]) / (more - few), nil
}

// ofRuntime reports whether a line of strace does not belong to the loop: a thread of the Go
// runtime, or a signal.
func ofRuntime(line []byte) bool {
	_, call, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
	call = bytes.TrimSpace(call)
	for _, name := range []string{"futex(", "nanosleep(", "sched_yield(", "tgkill(", "rt_sig", "madvise(", "getpid(", "---", "+++", "mmap(", "restart_syscall("} {
		if bytes.HasPrefix(call, []byte(name)) {
			return true
		}
	}
	return false
}

// run starts a server, under a program if beneath is not empty, and a load. It returns the server's
// counts.
func (r *row) run(ctx context.Context, beneath []string, messages, flight int) (turn, error) {
	var t turn
	var ends [2][]*os.File
	defer func() {
		for _, f := range append(ends[0], ends[1]...) {
			f.Close()
		}
	}()
	for range conns {
		a, b, err := sys.SocketPair()
		if err != nil {
			return t, err
		}
		ends[0] = append(ends[0], os.NewFile(uintptr(a), "server"))
		ends[1] = append(ends[1], os.NewFile(uintptr(b), "load"))
	}
	serve, err := process.Self(serverWord, "--queue", r.mechanism, "--mode", r.mode.String(), "--messages", strconv.Itoa(messages))
	if err != nil {
		return t, err
	}
	send, err := process.Self(loadWord, "--messages", strconv.Itoa(messages), "--depth", strconv.Itoa(flight))
	if err != nil {
		return t, err
	}
	server, err := process.Command(ctx, process.ServerCPU, append(beneath, serve...))
	if err != nil {
		return t, err
	}
	load, err := process.Command(ctx, process.LoadCPU, send)
	if err != nil {
		return t, err
	}
	var stdout, serverErr, loadErr bytes.Buffer
	server.ExtraFiles, server.Stdout, server.Stderr = ends[0], &stdout, &serverErr
	load.ExtraFiles, load.Stderr = ends[1], &loadErr
	if err := server.Start(); err != nil {
		return t, err
	}
	if err := load.Start(); err != nil {
		return t, errors.Join(err, server.Cancel(), server.Wait())
	}
	if err := errors.Join(server.Wait(), load.Wait()); err != nil {
		return t, fmt.Errorf("%w: %s", err, strings.TrimSpace(serverErr.String()+loadErr.String()))
	}
	if err := json.Unmarshal(stdout.Bytes(), &t); err != nil {
		return t, fmt.Errorf("server printed %q: %w", stdout.Bytes(), err)
	}
	return t, nil
}
