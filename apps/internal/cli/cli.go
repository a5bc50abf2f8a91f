// Package cli is what the programs share at their edges: exit codes, one-line errors, and the end
// on a signal.
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
	ExitFailure = 1 // it was asked properly and did not succeed
	ExitUsage   = 2 // it was asked for something that cannot be
)

// usageError is an error that the caller of the program can mend by calling it differently.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// Usage makes an error that ends the program with ExitUsage.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// Usagef is Usage of a formatted error.
func Usagef(format string, args ...any) error { return Usage(fmt.Errorf(format, args...)) }

// ErrReported ends the program with ExitFailure and prints nothing more: the failures have been
// printed one by one.
var ErrReported = errors.New("reported already")

// Main runs a program and exits. The context is done on the first SIGINT, SIGTERM or SIGHUP. A
// second SIGINT or SIGTERM ends the process at once.
func Main(name string, run func(ctx context.Context, args []string) error) {
	ctx, end := context.WithCancel(context.Background())
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	// nohup(1) starts a program with SIGHUP ignored, so that it outlives its terminal.
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(caught, syscall.SIGHUP)
	}
	go func() {
		<-caught
		// Before end, so that a second signal ends the program as soon as it shows that it has
		// taken the first. SIGHUP stays caught: when a terminal closes, both the kernel and the
		// shell send one.
		signal.Reset(os.Interrupt, syscall.SIGTERM)
		end()
	}()
	os.Exit(Report(name, os.Stderr, run(ctx, os.Args[1:])))
}

// Report prints err as one line, if it is one to be printed, and returns the exit code.
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

// Parse parses args into fs, whose errors it returns as usage errors of one line. -h prints the
// usage to standard output.
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
