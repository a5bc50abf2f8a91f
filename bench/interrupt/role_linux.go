package interrupt

import (
	"encoding/json"
	"io"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
	"github.com/edgewise-go/edgewise/bench/internal/strategy"
)

// roleWord is the word of the role.
const roleWord = "transfers"

// Transfers returns the role that makes transfers under one kind of interference, and prints the
// result.
func Transfers() *cobra.Command {
	var c Options
	var errno string
	cmd := cli.Role(roleWord, "Transfers under one kind of interference, for interrupt; prints the result", func(out io.Writer) error {
		if c.Errno = errnoOf(errno); errno != "" && c.Errno == 0 {
			return cli.Usagef("--errno %s: unknown", errno)
		}
		if err := cli.SomeOf("mode", []string{c.Choice.Mode}, strategy.ModeNames()); err != nil {
			return err
		}
		r, err := Run(c)
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(r)
	})
	f := cmd.Flags()
	f.StringVar((*string)(&c.Kind), "kind", string(Storm), "kind of interference")
	f.IntVar(&c.Transfers, "transfers", 1, "transfers")
	f.IntVar(&c.Flight, "flight", 1, "transfers at the same time")
	f.IntVar(&c.MaxBytes, "bytes", 1, "maximum bytes of a transfer")
	f.Uint64Var(&c.Seed, "seed", 0, "seed")
	f.StringVar(&errno, "errno", "", "error that strace injects")
	f.StringVar(&c.Choice.Queue, "queue", "auto", "mechanism of the event queue")
	f.StringVar(&c.Choice.Mode, "mode", "edge", "mode of the event queue")
	f.StringVar(&c.Choice.Task, "task", strategy.Coroutine, "form of the tasks")
	cli.Positive(cmd, "transfers", "flight", "bytes")
	return cmd
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
