//go:build !linux

package sys

import (
	"net"
	"strconv"
)

// zoneID returns the interface index of an IPv6 zone. A zone of digits is the index itself, without
// a system call. For a name, zoneID asks the kernel for the list of interfaces each time.
func zoneID(_ Handle, zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if id, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(id), nil
	}
	i, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, err
	}
	return uint32(i.Index), nil
}

// zoneName returns the zone of the interface with that index as digits. Listing the interfaces to
// find its name would cost more than the datagram from that zone.
func zoneName(_ Handle, id uint32) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(id), 10)
}
