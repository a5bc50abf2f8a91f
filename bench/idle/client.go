package idle

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/edgewise-go/edgewise/bench/internal/process"
)

// clients are the processes that hold the connections of one server.
type clients []*client

// startClients starts as many processes as n connections need. They have none yet.
func startClients(ctx context.Context, addr string, n int, encrypted bool) (all clients, err error) {
	for left := n; left > 0; left -= clientMax {
		c, err := startClient(ctx, addr, min(left, clientMax), encrypted)
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
	return all, nil
}

// next makes all clients do the next step.
func (all clients) next() error {
	for _, c := range all {
		if err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

func (all clients) end() (err error) {
	for _, c := range all {
		err = errors.Join(err, c.end())
	}
	return err
}

// client is a process that has connections. On command it does the next step: connect, or send
// a message on each.
type client struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startClient(ctx context.Context, addr string, n int, encrypted bool) (*client, error) {
	line, err := process.Self(loadWord, "--addr", addr, "--connections", strconv.Itoa(n), "--tls="+strconv.FormatBool(encrypted))
	if err != nil {
		return nil, err
	}
	cmd, err := process.Command(ctx, process.LoadCPU, line)
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	c := &client{cmd: cmd}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(stdout)
	if c.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return c, cmd.Start()
}

// next makes the client do the next step and waits until it is done.
func (c *client) next() error {
	if _, err := io.WriteString(c.in, "next\n"); err != nil {
		return err
	}
	if line, err := c.out.ReadString('\n'); err != nil || line != "done\n" {
		return fmt.Errorf("the clients printed %q: %w", line, err)
	}
	return nil
}

func (c *client) end() error {
	c.in.Close()
	return c.cmd.Wait()
}

// dialPatience bounds the time to make one connection, including the handshake.
const dialPatience = 30 * time.Second
