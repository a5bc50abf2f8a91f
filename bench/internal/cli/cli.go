// Package cli contains what the commands of bench share at their edges: errors with exit codes,
// checks of flags, and the end by a signal.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// Exit codes of the program.
const (
	ExitOK      = 0
	ExitFailure = 1 // the command line was valid, but the program failed or a promise was broken
	ExitUsage   = 2 // the command line is invalid
)

// usageError is an error that the user can correct by calling the program differently.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// Usagef returns an error that ends the program with ExitUsage.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// ErrReported ends the program with ExitFailure and prints nothing more: the failures were printed
// one by one.
var ErrReported = errors.New("reported already")

// Run runs the command that args select below root. It prints an error as one line on standard
// error, and returns the exit code.
func Run(root *cobra.Command, args []string) int {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return Usagef("%w (see %s --help; long flags have two dashes)", err, cmd.CommandPath())
	})
	root.SetArgs(args)
	err := root.Execute()
	var usage usageError
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, ErrReported):
		return ExitFailure
	}
	fmt.Fprintf(root.ErrOrStderr(), "%s: %s\n", root.Name(), strings.ReplaceAll(err.Error(), "\n", "; "))
	if errors.As(err, &usage) {
		return ExitUsage
	}
	return ExitFailure
}

// Measure returns a command that measures and prints the result to out. It takes flags only. Its
// context is done on the first SIGINT, SIGTERM or SIGHUP. A second SIGINT or SIGTERM ends the
// process at once.
func Measure(word, short, long string, run func(ctx context.Context, out io.Writer) error) *cobra.Command {
	cmd := command(word, short, long)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, end := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
		defer end()
		// nohup(1) starts a program with SIGHUP ignored, so that the program outlives its terminal.
		if !signal.Ignored(syscall.SIGHUP) {
			// SIGHUP stays caught: when a terminal closes, both the kernel and the shell send one.
			var release func()
			ctx, release = signal.NotifyContext(ctx, syscall.SIGHUP)
			defer release()
		}
		context.AfterFunc(ctx, end)
		return run(ctx, cmd.OutOrStdout())
	}
	return cmd
}

// Role returns a command that another command starts as a process of its own. A signal ends the
// process at once.
func Role(word, short string, run func(out io.Writer) error) *cobra.Command {
	cmd := command(word, short, short+".")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return run(cmd.OutOrStdout()) }
	return cmd
}

func command(word, short, long string) *cobra.Command {
	cmd := &cobra.Command{Use: word, Short: short, Long: long, DisableFlagsInUseLine: true, Args: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return Usagef("unexpected argument %q (see %s --help)", args[0], cmd.CommandPath())
		}
		return nil
	}}
	cmd.Use += " [flags]"
	cmd.Flags().SortFlags = false
	return cmd
}

// Group returns a command that only contains others. Alone, it prints its help.
func Group(word, short, long string) *cobra.Command {
	return &cobra.Command{
		Use: word, Short: short, Long: long,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := ""
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "; did you mean " + strings.Join(near, " or ") + "?"
			}
			return Usagef("unknown command %q%s (see %s --help)", args[0], hint, cmd.CommandPath())
		},
		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
}

// Positive makes cmd refuse values of these flags that are not more than 0.
func Positive(cmd *cobra.Command, names ...string) {
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		for _, name := range names {
			f := cmd.Flags().Lookup(name)
			n, err := cmd.Flags().GetInt(name)
			if f.Value.Type() == "duration" {
				var d time.Duration
				d, err = cmd.Flags().GetDuration(name)
				n = int(min(d, 1))
			}
			if err != nil {
				return err
			}
			if n <= 0 {
				return Usagef("--%s %s: want more than 0", name, f.Value)
			}
		}
		return nil
	}
}

// SomeOf returns a usage error if there are no values, or for the first value that is not in known.
func SomeOf(flag string, values, known []string) error {
	if len(values) == 0 {
		return Usagef("--%s has no value: want some of %s", flag, strings.Join(known, ","))
	}
	for _, v := range values {
		if !slices.Contains(known, v) {
			return Usagef("--%s %s: unknown; want some of %s", flag, v, strings.Join(known, ","))
		}
	}
	return nil
}
