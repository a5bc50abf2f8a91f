package main

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
	"text/tabwriter"
	"time"

	"github.com/edgewise-go/edgewise/queue"
	"github.com/edgewise-go/edgewise/queue/auto"
	"github.com/edgewise-go/edgewise/sys"
)

const (
	queueConns   = 64
	queueMessage = 64 // bytes
	// nagTurns is the number of turns in which a ready source is not read.
	nagTurns = 100
)

var queueModes = []queue.Mode{queue.Level, queue.Edge, queue.OneShot}

// queueTurn is the count of a server.
type queueTurn struct {
	Waits  int64 // how often Wait returned
	Events int64
	CPU    time.Duration
}

// queueRow is a mechanism in a mode.
type queueRow struct {
	mechanism   string
	mode        queue.Mode
	single      []queueTurn // one message in flight
	many        []queueTurn // one on each connection
	calls       float64     // system calls per message with one in flight; negative if not counted
	nags        int         // how often an unread source was reported
	messages    int64       // of a turn in many
	messagesOne int64       // of a turn in single
}

// queues compares the mechanisms and modes of the event queue. An echo server and a load run in
// separate processes, joined by socket pairs.
func (c config) queues(ctx context.Context, w io.Writer) error {
	rows, err := queueRows(w)
	if err != nil {
		return err
	}
	strace, why := exec.LookPath("strace")
	if why != nil {
		fmt.Fprintf(w, "system calls are not counted: %v\n", why)
	}
	for round := range c.rounds {
		for i := range rows {
			r := &rows[(i+round)%len(rows)]
			note("\rround %d of %d: %-8s %-8s", round+1, c.rounds, r.mechanism, r.mode)
			if err := r.turn(ctx, c.messages); err != nil {
				return fmt.Errorf("%s in mode %v: %w", r.mechanism, r.mode, err)
			}
		}
	}
	for i := range rows {
		r := &rows[i]
		r.calls = -1
		if why == nil {
			note("\rcounting system calls: %-8s %-8s", r.mechanism, r.mode)
			if r.calls, err = r.count(ctx, strace); err != nil {
				return fmt.Errorf("%s in mode %v: %w", r.mechanism, r.mode, err)
			}
		}
	}
	note("\r%-50s\r", "")
	fmt.Fprintf(w, "queue: %d connections, %d B, medians of %d turns of %d messages\n", queueConns, queueMessage, c.rounds, c.messages)
	return printQueues(w, rows)
}

// queueRows returns a row for each mechanism that works here, in each mode. It prints the
// mechanisms that do not.
func queueRows(w io.Writer) ([]queueRow, error) {
	var rows []queueRow
	for _, name := range auto.Names() {
		if name == auto.Auto {
			continue
		}
		q, err := auto.ByName(name)
		if errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		if err != nil {
			fmt.Fprintf(w, "skipped %s: %v\n", name, err)
			continue
		}
		for _, m := range queueModes {
			nags, err := countNags(q, m)
			if err != nil {
				return nil, errors.Join(fmt.Errorf("%s in mode %v: %w", name, m, err), q.Close())
			}
			rows = append(rows, queueRow{mechanism: name, mode: m, nags: nags})
		}
		if err := q.Close(); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// countNags returns how often a ready source is reported that is not read for nagTurns turns.
func countNags(q queue.Queue, m queue.Mode) (int, error) {
	a, b, err := sys.SocketPair()
	if err != nil {
		return 0, err
	}
	defer sys.Close(a)
	defer sys.Close(b)
	if _, err := sys.Send(b, make([]byte, 1)); err != nil {
		return 0, err
	}
	if err := q.Add(a, queue.Registration{Token: 1, Interest: queue.Readable, Mode: m}); err != nil {
		return 0, err
	}
	count := 0
	events := make([]queue.Event, 4)
	for range nagTurns {
		n, err := q.Wait(events, 0)
		if err != nil {
			return 0, err
		}
		count += n
	}
	return count, q.Delete(a)
}

func printQueues(w io.Writer, rows []queueRow) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\t\tone in flight\t\t\t%d in flight\t\tnot read\t\n", queueConns)
	fmt.Fprintf(t, "mechanism\tmode\twaits/message\tsystem calls/message\tCPU ns/message\twaits/message\tCPU ns/message\tevents in %d turns\t\n", nagTurns)
	for _, r := range rows {
		calls := "-"
		if r.calls >= 0 {
			calls = fmt.Sprintf("%.2f", r.calls)
		}
		fmt.Fprintf(t, "%s\t%v\t%.2f\t%s\t%.0f\t%.2f\t%.0f\t%d\t\n", r.mechanism, r.mode,
			r.per(r.single, r.messagesOne, waits), calls, r.per(r.single, r.messagesOne, cpu),
			r.per(r.many, r.messages, waits), r.per(r.many, r.messages, cpu), r.nags)
	}
	return t.Flush()
}

func waits(t queueTurn) float64 { return float64(t.Waits) }
func cpu(t queueTurn) float64   { return float64(t.CPU) }

func (r *queueRow) per(turns []queueTurn, messages int64, of func(queueTurn) float64) float64 {
	var values []float64
	for _, t := range turns {
		values = append(values, of(t)/float64(messages))
	}
	return median(values)
}

func (r *queueRow) turn(ctx context.Context, messages int) error {
	r.messages, r.messagesOne = int64(messages), int64(messages/4)
	one, err := r.run(ctx, nil, int(r.messagesOne), 1)
	if err != nil {
		return err
	}
	many, err := r.run(ctx, nil, messages, queueConns)
	r.single, r.many = append(r.single, one), append(r.many, many)
	return err
}

// count returns the system calls per message, as the difference of two runs, which excludes the
// cost of starting and ending.
func (r *queueRow) count(ctx context.Context, strace string) (float64, error) {
	const few, more = 500, 2500
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
func (r *queueRow) run(ctx context.Context, beneath []string, messages, flight int) (queueTurn, error) {
	var t queueTurn
	var ends [2][]*os.File
	defer func() {
		for _, f := range append(ends[0], ends[1]...) {
			f.Close()
		}
	}()
	for range queueConns {
		a, b, err := sys.SocketPair()
		if err != nil {
			return t, err
		}
		ends[0] = append(ends[0], os.NewFile(uintptr(a), "server"))
		ends[1] = append(ends[1], os.NewFile(uintptr(b), "load"))
	}
	self, err := os.Executable()
	if err != nil {
		return t, err
	}
	args := []string{"-n", strconv.Itoa(messages), "-p", strconv.Itoa(flight)}
	server, err := command(ctx, serverCPU, append(append(beneath, self, "queueserver", "-queue", r.mechanism, "-mode", r.mode.String()), args...))
	if err != nil {
		return t, err
	}
	load, err := command(ctx, loadCPU, append([]string{self, "queueload"}, args...))
	if err != nil {
		return t, err
	}
	var stdout, stderr bytes.Buffer
	server.ExtraFiles, server.Stdout, server.Stderr = ends[0], &stdout, &stderr
	load.ExtraFiles, load.Stderr = ends[1], &stderr
	if err := server.Start(); err != nil {
		return t, err
	}
	if err := load.Start(); err != nil {
		return t, errors.Join(err, server.Cancel(), server.Wait())
	}
	if err := errors.Join(server.Wait(), load.Wait()); err != nil {
		return t, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	if err := json.Unmarshal(stdout.Bytes(), &t); err != nil {
		return t, fmt.Errorf("server printed %q: %w", stdout.Bytes(), err)
	}
	return t, nil
}
