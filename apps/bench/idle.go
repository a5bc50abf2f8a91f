package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"text/tabwriter"
	"time"
)

// idling has servers hold connections that do nothing, before and after each has sent one message, and prints what Go has taken from
// the system for them.
func (c config) idling(ctx context.Context, w io.Writer) error {
	fmt.Fprintf(w, "\nidle: %d connections; Go memory obtained from the system (runtime.MemStats.Sys)\n", c.idle)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "server\tat start\tgrowth, connected\tgrowth, after a message\tB/connection\t\n")
	for _, task := range []string{"handler", "coroutine"} {
		note("\ridle: %-24s", task)
		r, err := c.idle1(ctx, task)
		if err != nil {
			return fmt.Errorf("%s: %w", task, err)
		}
		const mib = 1 << 20
		fmt.Fprintf(t, "edgewise, -task %s -buffer shared\t%.2f MiB\t%.2f MiB\t%.2f MiB\t%d\t\n", task,
			float64(r[0])/mib, float64(r[1]-r[0])/mib, float64(r[2]-r[0])/mib, (r[2]-r[0])/c.idle)
	}
	note("\r%-50s\r", "")
	return t.Flush()
}

// idle1 returns the memory at the start, with all connected, and after each connection has had one message.
func (c config) idle1(ctx context.Context, task string) (memory [3]int, err error) {
	server, err := start(ctx, serverCPU, []string{filepath.Join(c.dir, "echo"), "serve", "-addr", "127.0.0.1:0", "-task", task, "-buffer", "shared", "-report", "200ms"})
	if err != nil {
		return memory, err
	}
	defer server.stop()
	if memory[0], err = server.report(ctx, 0); err != nil {
		return memory, err
	}
	conns := make([]net.Conn, 0, c.idle)
	defer func() {
		for _, conn := range conns {
			conn.Close()
		}
	}()
	for range c.idle {
		conn, err := net.Dial("tcp", server.addr)
		if err != nil {
			return memory, err
		}
		conns = append(conns, conn)
	}
	if memory[1], err = server.report(ctx, c.idle); err != nil {
		return memory, err
	}
	message := make([]byte, 128)
	for _, conn := range conns {
		if _, err := conn.Write(message); err != nil {
			return memory, err
		}
		if _, err := io.ReadFull(conn, message); err != nil {
			return memory, err
		}
	}
	memory[2], err = server.report(ctx, c.idle)
	return memory, err
}

// reportWait bounds the wait for a line of the server.
const reportWait = 30 * time.Second

// report waits for a line that was printed after now with at least so many tasks, and returns the bytes in it.
func (p *process) report(ctx context.Context, tasks int) (int, error) {
	line := regexp.MustCompile(`tasks=(\d+) sys_bytes=(\d+)`)
	seen := len(line.FindAllString(p.stderr.String(), -1))
	deadline := time.After(reportWait)
	for {
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-deadline:
			return 0, fmt.Errorf("no report of %d tasks in %v: %s", tasks, reportWait, p.stderr.String())
		case <-time.After(50 * time.Millisecond):
		}
		// The line after the next is sure to have been measured after the call.
		all := line.FindAllStringSubmatch(p.stderr.String(), -1)
		if len(all) < seen+2 {
			continue
		}
		last := all[len(all)-1]
		n, err := strconv.Atoi(last[1])
		if err != nil || n < tasks {
			continue
		}
		return strconv.Atoi(last[2])
	}
}
