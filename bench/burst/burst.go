// Package burst measures the memory that buffers keep after a burst on many connections.
package burst

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/report"
	"github.com/edgewise-go/edgewise/bufstrategy"
)

const long = `Every connection has a burst, consumes it, and becomes idle: its buffer and the pool are trimmed. For each strategy it
prints the memory of the buffers and of Go's heap before, at the maximum and after: first with sources in memory, then
(on Linux) on sockets whose peers are another process. All bursts at once would not fit in memory, so the connections
have theirs in waves. The exit code is 1 if the memory after is more than 5 percent above the memory before.`

// Options selects the bursts.
type Options struct {
	Conns, Sockets, Size int
	Live                 int64
	Seed                 uint64
}

// DefaultSize is the default size of a burst.
const DefaultSize = 64 << 10

// Register adds the flags that the measure of buffers shares.
func (o *Options) Register(fs *pflag.FlagSet) {
	fs.IntVar(&o.Conns, "burst", 100_000, "connections without sockets that have a burst; 0 for none")
	fs.IntVar(&o.Sockets, "sockets", socketsDefault(), "connections with sockets that have a burst, on Linux; 0 for none")
	fs.Int64Var(&o.Live, "live", 256<<20, "maximum unread bytes of bursts at once")
}

// socketsDefault returns the default of --sockets: the usual limit of descriptors per process is
// 20,000.
func socketsDefault() int {
	if !onLinux {
		return 0
	}
	return 18_000
}

// onLinux reports whether bursts on sockets work: their rates and bounds are those of Linux.
const onLinux = runtime.GOOS == "linux"

// Check returns a usage error for options out of range.
func (o *Options) Check() error {
	switch {
	case o.Conns < 0:
		return cli.Usagef("--burst %d: want 0 or more", o.Conns)
	case o.Sockets < 0:
		return cli.Usagef("--sockets %d: want 0 or more", o.Sockets)
	case o.Sockets > 0 && !onLinux:
		return cli.Usagef("--sockets %d: works on Linux only; want 0", o.Sockets)
	case o.Size < 1 || o.Size > bufstrategy.MaxLimit:
		return cli.Usagef("--bytes %d: want 1 to %d", o.Size, bufstrategy.MaxLimit)
	case o.Live < int64(o.Size):
		return cli.Usagef("--live %d: want at least a burst of %d", o.Live, o.Size)
	}
	return nil
}

// Command returns the command.
func Command() *cobra.Command {
	o := &Options{}
	var names []string
	cmd := cli.Measure("burst", "Check that buffers give back the memory of a burst on many connections", long, func(ctx context.Context, out io.Writer) error {
		if err := o.Check(); err != nil {
			return err
		}
		if err := cli.SomeOf("buffer", names, bufstrategy.Names()); err != nil {
			return err
		}
		if o.Seed == 0 {
			o.Seed = rand.Uint64()
		}
		fmt.Fprintf(out, "%s; seed %d\n\n", report.System(), o.Seed)
		checks, _, err := o.Run(ctx, out, names)
		if err != nil {
			return fmt.Errorf("seed %d: %w", o.Seed, err)
		}
		if !report.PrintChecks(out, checks) {
			return errors.New("memory was not given back")
		}
		return nil
	})
	f := cmd.Flags()
	o.Register(f)
	f.IntVar(&o.Size, "bytes", DefaultSize, "bytes of a burst")
	f.StringSliceVar(&names, "buffer", bufstrategy.Names(), "strategies, comma-separated")
	f.Uint64Var(&o.Seed, "seed", 0, "seed of the bytes; 0 takes a random one and prints it")
	return cmd
}

// Run measures and prints the tables. It returns the checks, and the figures by kind of source.
func (o *Options) Run(ctx context.Context, out io.Writer, names []string) (checks []report.Check, rows map[string][]Row, err error) {
	rows = map[string][]Row{}
	progress := report.NewProgress(-1)
	defer progress.End()
	measure := func(kind string, conns int, open func(b measurement) (sources, func() error, error)) (err error) {
		if conns == 0 {
			return nil
		}
		b := measurement{conns: conns, bytes: o.Size, live: o.Live, names: names, seed: o.Seed, progress: progress.Begin}
		from, done, err := open(b)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, done()) }()
		if rows[kind], err = b.measure(ctx, from); err != nil {
			return err
		}
		for _, r := range rows[kind] {
			checks = append(checks, r.Checks(kind)...)
		}
		progress.Clear()
		return b.table(out, kind, rows[kind])
	}
	err = measure("without sockets", o.Conns, func(b measurement) (sources, func() error, error) {
		return newInMemory(b), func() error { return nil }, nil
	})
	if err == nil {
		err = measure("on sockets", o.Sockets, func(b measurement) (sources, func() error, error) { return openSockets(ctx, b) })
	}
	return checks, rows, err
}
