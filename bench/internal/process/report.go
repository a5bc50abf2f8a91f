package process

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Report is a line that a server logs about itself.
type Report struct{ Tasks, Sys, Heap, Stack, Allocations int }

var reportLine = regexp.MustCompile(`tasks=(\d+) sys_bytes=(\d+) heap_bytes=(\d+) stack_bytes=(\d+) collections=\d+ allocations=(\d+)`)

// reports returns how many lines the server has logged about itself, and the last one.
func (s *Server) reports() (int, Report, error) {
	all := reportLine.FindAllStringSubmatch(s.stderr.String(), -1)
	var r Report
	if len(all) == 0 {
		return 0, r, nil
	}
	last := all[len(all)-1]
	for i, value := range []*int{&r.Tasks, &r.Sys, &r.Heap, &r.Stack, &r.Allocations} {
		var err error
		if *value, err = strconv.Atoi(last[i+1]); err != nil {
			return 0, r, err
		}
	}
	return len(all), r, nil
}

// LastReport returns the last line that the server has logged about itself.
func (s *Server) LastReport() (Report, error) {
	n, r, err := s.reports()
	if err == nil && n == 0 {
		err = fmt.Errorf("the server has reported nothing: %s", s.stderr.tail())
	}
	return r, err
}

// ReportWait bounds the wait for a line of the server.
const ReportWait = 30 * time.Second

// NextReport waits for a line that was measured after the call, with at least so many tasks.
func (s *Server) NextReport(ctx context.Context, tasks int) (Report, error) {
	seen, r, err := s.reports()
	if err != nil {
		return r, err
	}
	deadline := time.After(ReportWait)
	for {
		select {
		case <-ctx.Done():
			return r, context.Cause(ctx)
		case <-deadline:
			return r, fmt.Errorf("no report of %d tasks in %v, the last had %d: %s", tasks, ReportWait, r.Tasks, s.stderr.tail())
		case <-time.After(50 * time.Millisecond):
		}
		// The line after the next one was certainly measured after the call.
		var n int
		if n, r, err = s.reports(); err != nil || n >= seen+2 && r.Tasks >= tasks {
			return r, err
		}
	}
}
