//go:build !linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	serverCPU = 0
	loadCPU   = 1
)

var errElsewhere = fmt.Errorf("bench pins processes and reads /proc: %w here", errors.ErrUnsupported)

func pinned([]string) error { return errElsewhere }

type process struct {
	addr   string
	stderr *syncBuffer
}

func start(context.Context, int, []string) (*process, error) { return nil, errElsewhere }

func (p *process) stop() {}

func (p *process) cpu() (time.Duration, error) { return 0, errElsewhere }

func output(context.Context, int, []string, func(string) error) ([]byte, error) {
	return nil, errElsewhere
}
