// Package cli contains what the programs share at their edges: exit codes, one-line errors, and
// shutdown on a signal.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes of every program.
const (
	ExitOK      = 0
	ExitFailure = 1 // the command line was valid, but the program failed
	ExitUsage   = 2 // the command line is invalid
)

// usageError is an error that the user can correct by calling the program differently.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// Usage returns an error that ends the program with ExitUsage.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// Usagef is like Usage with a formatted error.
func Usagef(format string, args ...any) error { return Usage(fmt.Errorf(format, args...)) }

// ErrReported ends the program with ExitFailure and prints nothing more: the failures were printed
// one by one.
var ErrReported = errors.New("reported already")

// Main runs a program and exits. The context is done on the first SIGINT, SIGTERM or SIGHUP. A
// second SIGINT or SIGTERM ends the process at once.
func Main(name string, run func(ctx context.Context, args []string) error) {
	ctx, end := context.WithCancel(context.Background())
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	// nohup(1) starts a program with SIGHUP ignored, so that the program outlives its terminal.
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(caught, syscall.SIGHUP)
	}
	go func() {
		<-caught
		// Reset before end, so that a second signal ends the program as soon as it has reacted to
		// the first. SIGHUP stays caught: when a terminal closes, both the kernel and the shell
		// send one.
		signal.Reset(os.Interrupt, syscall.SIGTERM)
		end()
	}()
	os.Exit(Report(name, os.Stderr, run(ctx, os.Args[1:])))
}

// Report prints err as one line and returns the exit code. It prints nothing for nil, flag.ErrHelp
// and ErrReported.
func Report(name string, w io.Writer, err error) int {
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return ExitOK
	case errors.Is(err, ErrReported):
		return ExitFailure
	}
	fmt.Fprintf(w, "%s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", "; "))
	if errors.As(err, &usage) {
		return ExitUsage
	}
	return ExitFailure
}

// Parse parses args into fs and returns its errors as usage errors of one line. With -h it prints
// the usage to standard output.
func Parse(fs *flag.FlagSet, args []string, usage string) error {
	fs.SetOutput(io.Discard)
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fs.SetOutput(os.Stdout)
		fmt.Fprintf(os.Stdout, "%s\n\nFlags:\n", usage)
		fs.PrintDefaults()
		return err
	}
	if err != nil {
		return Usagef("%w (see %s -h)", err, fs.Name())
	}
	return nil
}
