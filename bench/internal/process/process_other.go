//go:build !linux

package process

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
)

const supported = false

// Pin returns the role that runs a command on one processor, which needs Linux.
func Pin() *cobra.Command {
	return cli.Role(pinWord, "Run a command on one processor (Linux only)", func(io.Writer) error { return errUnsupported })
}

// CPU returns an error.
func (s *Server) CPU() (time.Duration, error) { return 0, errUnsupported }

// Resident returns an error.
func (s *Server) Resident() (int, error) { return 0, errUnsupported }

// OwnCPU returns an error.
func OwnCPU() (time.Duration, error) { return 0, errUnsupported }
