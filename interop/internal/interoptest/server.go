package interoptest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Servers that others wrote may take long to start on a busy machine. The bounds only end hangs.
const (
	startPatience = 60 * time.Second
	stopPatience  = 30 * time.Second
	startPoll     = 20 * time.Millisecond
)

// newDir returns a new directory for a server, with a short name: a path of a Unix-domain socket
// has at most about 100 bytes (unix(7)).
func newDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "interop")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// startsMax bounds the ports that are tried. Another process may take a free port before its user
// does.
const startsMax = 3

// startOn starts a server on a free port of the loopback interface, and returns its address once
// ready returns nil. It ends the server after the test, with the signal stop.
func startOn(t testing.TB, stop os.Signal, command func(port string) *exec.Cmd, ready func(ctx context.Context, addr string) error) string {
	t.Helper()
	for attempt := 1; ; attempt++ {
		port := freePort(t)
		addr := net.JoinHostPort("127.0.0.1", port)
		err := start(t, command(port), stop, func(ctx context.Context) error { return ready(ctx, addr) })
		switch {
		case err == nil:
			return addr
		case attempt == startsMax:
			t.Fatal(err)
		}
		t.Logf("trying another port: %v", err)
	}
}

// freePort returns a port of the loopback interface on which nothing listens.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// start starts a server and waits until ready returns nil. Its error has what the server has
// written.
func start(t testing.TB, command *exec.Cmd, stop os.Signal, ready func(ctx context.Context) error) error {
	t.Helper()
	out := &output{}
	command.Stdout, command.Stderr = out, out
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() { end(t, command, stop, ended, out) })
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	tick := time.NewTicker(startPoll)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case ending := <-ended:
			ended <- ending
			return fmt.Errorf("%s ended: %v\n%s", command.Path, ending, out)
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %v: %v\n%s", command.Path, startPatience, err, out)
		}
	}
}

func end(t testing.TB, command *exec.Cmd, stop os.Signal, ended <-chan error, out *output) {
	_ = command.Process.Signal(stop) // fails if it has ended
	select {
	case <-ended:
	case <-time.After(stopPatience):
		_ = command.Process.Kill()
		<-ended
		t.Errorf("%s did not end within %v\n%s", command.Path, stopPatience, out)
	}
}

// output collects what a server writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
