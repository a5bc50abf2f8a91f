package sysconfig

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/edgewise-go/edgewise/resolve"
)

// probePort is the port that SourceOf connects to: discard (RFC 863). The system needs some port to
// choose a route, and sends nothing.
const probePort = 9

// SourceOf returns the source address that the system would use for a datagram to dst. It is for
// [resolve.Host.Source]. The error is [resolve.ErrNoSource] if the system has no route to dst, or
// no address for it. Any other error means that the answer is not known, for example because no
// descriptor was left.
//
// SourceOf connects a UDP socket and closes it, which takes a few microseconds and sends no packet.
// It may be called by any number of goroutines.
func SourceOf(dst netip.Addr) (netip.Addr, error) {
	if !dst.IsValid() {
		return netip.Addr{}, fmt.Errorf("sysconfig: source: the zero address: want a valid one")
	}
	src, err := sourceOf(dst.Unmap())
	switch {
	case err == nil && (!src.IsValid() || src.IsUnspecified()):
		err = resolve.ErrNoSource
	case err != nil && isUnreachable(err):
		err = fmt.Errorf("%w: %w", resolve.ErrNoSource, err)
	}
	if err != nil {
		return netip.Addr{}, fmt.Errorf("sysconfig: source for %v: %w", dst, err)
	}
	return src.Unmap(), nil
}

// zoneIndex returns the number of the interface that zone names, or 0.
func zoneIndex(zone string) uint32 {
	if zone == "" {
		return 0
	}
	if i, err := net.InterfaceByName(zone); err == nil {
		return uint32(i.Index)
	}
	n, err := strconv.ParseUint(zone, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
