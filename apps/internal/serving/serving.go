// Package serving contains what the servers share: their listener, their life from the start to a
// signal, and what they log.
package serving

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/edgewise-go/edgewise"
	"github.com/edgewise-go/edgewise/apps/internal/cli"
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/sys"
)

// Listen listens on the value of a flag -addr. A value on which no system could listen is a usage
// error.
func Listen(ctx context.Context, stack *edgewise.Stack, addr string) (*edgewise.Listener, error) {
	if addr == "" {
		return nil, cli.Usagef(`-addr "": want host:port`)
	}
	l, err := stack.Listen(ctx, "tcp", addr)
	var refused syscall.Errno
	if err == nil || errors.As(err, &refused) || ctx.Err() != nil {
		return l, err
	}
	var malformed *net.AddrError
	var of *net.OpError
	switch {
	case errors.As(err, &malformed):
		return nil, cli.Usagef("-addr %q: want host:port: %w", addr, malformed)
	case errors.As(err, &of):
		err = of.Err // without the address, which the flag shows
	}
	return nil, cli.Usagef("-addr %q: %w", addr, err)
}

// Announce prints what each option that was left to "auto" stands for, and then that the server
// listens on url.
func Announce(stack *edgewise.Stack, url string) {
	for _, c := range stack.Choices() {
		fmt.Printf("auto: -%s %s: %s\n", strings.ToLower(c.Option), c.Name, c.Reason)
	}
	fmt.Printf("listening on %s\n", url)
}

// Run calls serve, which serves until stack ends. It shuts stack down when ctx is done, and waits
// at most grace for the connections to end. A serve that fails ends Run with its error: a server
// that cannot accept is useless, and its supervisor must notice.
func Run(ctx context.Context, stack *edgewise.Stack, grace time.Duration, serve func() error) error {
	served := make(chan error, 1)
	go func() { served <- serve() }()
	var failed error
	select {
	case failed = <-served:
	case <-ctx.Done():
	}
	within, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err := stack.Shutdown(within)
	if errors.Is(err, context.DeadlineExceeded) {
		slog.Warn("connections were cut", "grace", grace)
		err = nil
	}
	return errors.Join(failed, err)
}

// LogEnd is a sched.Options.Ended that logs what an operator needs to know. It ignores peers that
// connect and disconnect.
func LogEnd(task string, err error) {
	var p *sched.PanicError
	switch {
	case errors.As(err, &p):
		slog.Error("panic", "task", task, "value", p.Value, "stack", string(p.Stack))
	case err == nil, errors.Is(err, net.ErrClosed), errors.Is(err, sched.ErrCanceled), sys.ClassOf(err) == sys.ClassDisconnected:
	default:
		slog.Warn("ended", "task", task, "error", err)
	}
}
