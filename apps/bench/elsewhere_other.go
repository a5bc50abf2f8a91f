//go:build !linux

package main

import "context"

func interruptAll(context.Context, []string) error { return errElsewhere }

func interrupted([]string) error { return errElsewhere }
