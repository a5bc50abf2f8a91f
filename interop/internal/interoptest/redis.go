package interoptest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// Redis starts a redis-server with data in a temporary directory and returns its address.
func Redis(t testing.TB) string {
	t.Helper()
	program := Need(t, "redis-server")
	command := func(port string) *exec.Cmd {
		return exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--dir", newDir(t), "--save", "", "--appendonly", "no", "--daemonize", "no")
	}
	return startOn(t, syscall.SIGTERM, command, ping)
}

func ping(ctx context.Context, addr string) error {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := fmt.Fprint(c, "PING\r\n"); err != nil {
		return err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "+PONG") {
		err = fmt.Errorf("redis-server answers %q", line)
	}
	return err
}
