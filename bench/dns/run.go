package dns

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/process"
)

// anyCPU is for a process that is not pinned.
const anyCPU = -1

// outputOf runs a command, on one processor or on any, and decodes the JSON that it prints.
func outputOf[T any](ctx context.Context, cpu int, args []string) (T, error) {
	var result T
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	if cpu != anyCPU {
		var err error
		if cmd, err = process.Command(ctx, cpu, args); err != nil {
			return result, err
		}
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return result, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		return result, fmt.Errorf("the process printed %q: %w", stdout.String(), err)
	}
	return result, nil
}

// startResponder starts a server that behaves as b says.
func startResponder(ctx context.Context, b behaviour) (*process.Server, error) {
	args, err := process.Self(append([]string{ResponderWord}, b.args()...)...)
	if err != nil {
		return nil, err
	}
	s, err := process.Start(ctx, process.ServerCPU, args)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	return s, nil
}

// writeJSON writes the figures to a file, unless its name is empty.
func writeJSON(name string, figures any) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	e := json.NewEncoder(f)
	e.SetIndent("", "\t")
	return errors.Join(e.Encode(figures), f.Close())
}
