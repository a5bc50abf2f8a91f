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

// Switches returns an error.
func (s *Server) Switches() (int, error) { return 0, errUnsupported }

// CountSystemCalls returns an error.
func (s *Server) CountSystemCalls() (*SystemCalls, error) { return nil, errUnsupported }

// SystemCalls exists on Linux only.
type SystemCalls struct{}

// Total returns an error.
func (*SystemCalls) Total() (int, error) { return 0, errUnsupported }

// Close does nothing.
func (*SystemCalls) Close() {}

// OwnCPU returns an error.
func OwnCPU() (time.Duration, error) { return 0, errUnsupported }
