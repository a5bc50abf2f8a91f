//go:build !linux

package evented

import "net"

// newPackets returns a single: only Linux moves several datagrams per system call.
func newPackets(conn net.Conn, size int) packets { return newSingle(conn, size) }
