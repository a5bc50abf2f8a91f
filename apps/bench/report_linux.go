package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// serverReport is a line that a server logs about itself.
type serverReport struct{ tasks, sys, heap, stack, allocations int }

var reportLine = regexp.MustCompile(`tasks=(\d+) sys_bytes=(\d+) heap_bytes=(\d+) stack_bytes=(\d+) collections=\d+ allocations=(\d+)`)

// reports returns how many lines the server has logged about itself, and the last one.
func (p *process) reports() (int, serverReport, error) {
	all := reportLine.FindAllStringSubmatch(p.stderr.String(), -1)
	var r serverReport
	if len(all) == 0 {
		return 0, r, nil
	}
	last := all[len(all)-1]
	for i, value := range []*int{&r.tasks, &r.sys, &r.heap, &r.stack, &r.allocations} {
		var err error
		if *value, err = strconv.Atoi(last[i+1]); err != nil {
			return 0, r, err
		}
	}
	return len(all), r, nil
}

// lastReport returns the last line.
func (p *process) lastReport() (serverReport, error) {
	n, r, err := p.reports()
	if err == nil && n == 0 {
		err = fmt.Errorf("the server has reported nothing: %s", p.stderr.String())
	}
	return r, err
}

// reportWait bounds the wait for a line of the server.
const reportWait = 30 * time.Second

// report waits for a line that was measured after the call, with at least so many tasks.
func (p *process) report(ctx context.Context, tasks int) (serverReport, error) {
	seen, r, err := p.reports()
	if err != nil {
		return r, err
	}
	deadline := time.After(reportWait)
	for {
		select {
		case <-ctx.Done():
			return r, context.Cause(ctx)
		case <-deadline:
			return r, fmt.Errorf("no report of %d tasks in %v: %s", tasks, reportWait, p.stderr.String())
		case <-time.After(50 * time.Millisecond):
		}
		// The line after the next one was certainly measured after the call.
		n, r, err := p.reports()
		if err != nil || n >= seen+2 && r.tasks >= tasks {
			return r, err
		}
	}
}

// resident returns the resident bytes of the process, without memory that it shares with files.
func (p *process) resident() (int, error) {
	name := fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "RssAnon:" {
			kib, err := strconv.Atoi(fields[1])
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no RssAnon", name)
}
