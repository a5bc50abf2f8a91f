//go:build !linux

package evented

import "net"

// shared is what the sockets of a resolver share.
type shared struct{ size int }

// init prepares s for datagrams of at most size bytes.
func (s *shared) init(size int) { s.size = size }

// newPackets returns a single: only Linux moves several datagrams per system call.
func newPackets(conn net.Conn, s *shared) packets { return newSingle(conn, s.size) }
