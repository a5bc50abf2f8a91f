package program

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/process"
)

// Load describes the load of an echo server.
type Load struct {
	Conns    int
	Size     int // bytes of a message
	Depth    int // messages in flight on each connection
	Rounds   int // turns of each server
	Duration time.Duration
}

// Register adds the flags to cmd, with their defaults.
func (l *Load) Register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.IntVar(&l.Rounds, "rounds", 7, "turns of each server; the median counts")
	fs.DurationVarP(&l.Duration, "duration", "d", 2*time.Second, "length of a turn")
	fs.IntVarP(&l.Conns, "connections", "c", 1000, "connections")
	fs.IntVarP(&l.Size, "size", "s", 128, "bytes of a message")
	fs.IntVarP(&l.Depth, "depth", "p", 1, "messages in flight on each connection")
	cli.Positive(cmd, "rounds", "duration", "connections", "size", "depth")
}

// String describes the load.
func (l *Load) String() string {
	return fmt.Sprintf("%d connections, %d B, %d in flight on each, one loop, medians of %d turns of %v", l.Conns, l.Size, l.Depth, l.Rounds, l.Duration)
}

// Loaded is the report of the load.
type Loaded struct {
	Messages float64 `json:"messages"`
	Rate     float64 `json:"messages_per_second"`

	// Quantiles of the time from sending a message to its return.
	P50  int `json:"p50_us"`
	P99  int `json:"p99_us"`
	P999 int `json:"p999_us"`
}

// Phases of a load, in which connections are neither made nor closed.
const (
	Begun = "begun"
	Over  = "over"
)

// Run makes the echo program load the server at addr. It calls phase when the load has begun and
// when it is over.
func (l *Load) Run(ctx context.Context, echo, addr string, phase func(string) error) (Loaded, error) {
	return Measure(ctx, l.Line(echo, addr), phase)
}

// Line returns the command line with which the echo program loads the server at addr.
func (l *Load) Line(echo, addr string) []string {
	return []string{echo, "load", "-addr", addr, "-json", "-phases",
		"-c", strconv.Itoa(l.Conns), "-s", strconv.Itoa(l.Size), "-p", strconv.Itoa(l.Depth), "-d", l.Duration.String()}
}

// Measure runs a program that loads a server and prints a Loaded as JSON. It calls phase when the
// load has begun and when it is over.
func Measure(ctx context.Context, line []string, phase func(string) error) (Loaded, error) {
	var result Loaded
	out, err := process.Output(ctx, process.LoadCPU, line, phase)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal(out, &result); err != nil {
		return result, fmt.Errorf("load printed %q: %w", out, err)
	}
	if result.Messages == 0 {
		return result, errors.New("no message came back: want a longer --duration")
	}
	return result, nil
}
