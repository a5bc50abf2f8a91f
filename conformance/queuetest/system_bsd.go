//go:build unix && !linux

package queuetest

import "syscall"

func duplicateTo(from, to int) error { return syscall.Dup2(from, to) }

func kinds() []kind { return []kind{{Pipe, pipeKind}, {RefusedDatagram, refusedKind}} }
