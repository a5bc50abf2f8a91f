//go:build !linux

package main

import (
	"context"
	"io"
)

func (c config) queues(context.Context, io.Writer) error { return errElsewhere }

func queueServer([]string) error { return errElsewhere }

func queueLoad([]string) error { return errElsewhere }
