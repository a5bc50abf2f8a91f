package sys

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// zoneID returns the interface index of an IPv6 zone. A zone of digits is the index itself; any
// other zone is the name of an interface (netdevice(7), SIOCGIFINDEX). h is any socket.
func zoneID(h Handle, zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if id, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(id), nil
	}
	r, err := unix.NewIfreq(zone)
	if err != nil {
		err = unix.ENODEV // the name is longer than the kernel allows
	} else {
		err = unix.IoctlIfreq(int(h), unix.SIOCGIFINDEX, r)
	}
	if err != nil {
		return 0, fmt.Errorf("sys: IPv6 zone %q: not an interface: %w", zone, err)
	}
	return r.Uint32(), nil
}

// zoneName returns the zone of the interface with that index: its name (netdevice(7), SIOCGIFNAME).
// It returns digits if the interface is gone, or if zoneID would take the name for an index. h is
// any socket.
func zoneName(h Handle, id uint32) string {
	digits := strconv.FormatUint(uint64(id), 10)
	r, err := unix.NewIfreq("")
	if err != nil {
		return digits
	}
	r.SetUint32(id)
	if unix.IoctlIfreq(int(h), unix.SIOCGIFNAME, r) != nil {
		return digits
	}
	name := r.Name()
	if _, err := strconv.ParseUint(name, 10, 32); err == nil {
		return digits
	}
	return name
}
