//go:build !linux

package main

import (
	"context"

	"github.com/edgewise-go/edgewise/apps/bench/buffers"
)

const burstSockets = 0

func openBurstSockets(context.Context, buffers.Burst) (buffers.Sources, func() error, error) {
	return nil, nil, errElsewhere
}

func burstLoad([]string) error { return errElsewhere }
