//go:build !linux

package dns

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/edgewise-go/edgewise/bench/internal/cli"
)

// Responder returns the role of the server, which needs Linux.
func Responder() *cobra.Command {
	return cli.Role(ResponderWord, "DNS server for resolve (Linux only)", func(io.Writer) error {
		return fmt.Errorf("dns: the server uses recvmmsg: %w", errors.ErrUnsupported)
	})
}
