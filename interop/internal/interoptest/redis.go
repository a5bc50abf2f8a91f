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
	port := FreePort(t)
	command := exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--dir", Dir(t), "--save", "", "--appendonly", "no",
		"--daemonize", "no")
	addr := net.JoinHostPort("127.0.0.1", port)
	Start(t, command, syscall.SIGTERM, func(ctx context.Context) error {
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
	})
	return addr
}
