//go:build !linux

package interrupt

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
)

// errUnsupported is the error of the commands on another system.
var errUnsupported = fmt.Errorf("interrupt: signals threads and reads /proc, which needs Linux: %w", errors.ErrUnsupported)

// Command returns a command that fails.
func Command() *cobra.Command {
	const short = "Check that transfers survive interference (Linux only)"
	return cli.Measure("interrupt", short, short+".", func(context.Context, io.Writer) error { return errUnsupported })
}

// Transfers returns a role that fails.
func Transfers() *cobra.Command {
	return cli.Role("transfers", "Transfers under interference (Linux only)", func(io.Writer) error { return errUnsupported })
}
