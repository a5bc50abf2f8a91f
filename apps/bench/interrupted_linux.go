package main

import (
	"encoding/json"
	"flag"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/apps/bench/interrupt"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/apps/internal/strategy"
)

// interrupted is one run of transfers under interference, in a separate process. It prints the
// result.
func interrupted(args []string) error {
	var c interrupt.Options
	fs := flag.NewFlagSet("bench interrupted", flag.ContinueOnError)
	kind := fs.String("kind", string(interrupt.Storm), "kind of interference")
	fs.IntVar(&c.Transfers, "transfers", 0, "transfers")
	fs.IntVar(&c.Flight, "flight", 0, "transfers at the same time")
	fs.IntVar(&c.MaxBytes, "bytes", 0, "maximum bytes of a transfer")
	fs.Uint64Var(&c.Seed, "seed", 0, "seed")
	errno := fs.String("errno", "", "error that strace injects")
	c.Flags.Register(fs, strategy.WithTask|strategy.WithBuffer)
	if err := cli.Parse(fs, args, "internal"); err != nil {
		return err
	}
	c.Kind = interrupt.Kind(*kind)
	if c.Errno = errnoOf(*errno); *errno != "" && c.Errno == 0 {
		return cli.Usagef("-errno %s: unknown", *errno)
	}
	r, err := interrupt.Run(c)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// errnoMax is above the error numbers of every system.
const errnoMax = 200

func errnoOf(name string) syscall.Errno {
	for e := syscall.Errno(1); e < errnoMax; e++ {
		if unix.ErrnoName(e) == name {
			return e
		}
	}
	return 0
}
