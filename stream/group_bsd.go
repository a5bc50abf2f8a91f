//go:build unix && !linux

package stream

// groupsNeedReusePort reports whether sockets need SO_REUSEPORT besides SO_REUSEADDR to share the
// port of a multicast group.
const groupsNeedReusePort = true
