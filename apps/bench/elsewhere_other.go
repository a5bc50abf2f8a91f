//go:build !linux

package main

import (
	"context"
	"io"
)

func interruptAll(context.Context, []string) error { return errElsewhere }

func interrupted([]string) error { return errElsewhere }

func deferring(context.Context, []string) error { return errElsewhere }

func fairness(context.Context, []string) error { return errElsewhere }

func fairLoad([]string) error { return errElsewhere }

func fairFlood([]string) error { return errElsewhere }

func slowness(context.Context, []string) error { return errElsewhere }

func idling(context.Context, []string) error { return errElsewhere }

func idleLoad([]string) error { return errElsewhere }

func tlsServer(context.Context, []string) error { return errElsewhere }

func netServer([]string) error { return errElsewhere }

func forms(context.Context, []string) error { return errElsewhere }

type idleConfig struct {
	conns, tls, registrations int
	servers                   string
	sweep                     struct{}
}

const idleServers = ""

func idleSweep() (none struct{}) { return none }

func (c idleConfig) run(context.Context, io.Writer, string) error { return errElsewhere }
