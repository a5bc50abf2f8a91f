package sysconfig

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

func (o Options) read() (snapshot, error) {
	if o.ResolvConf != "" {
		return o.readFiles()
	}
	adapters, err := readAdapters()
	if err != nil {
		return snapshot{}, err
	}
	hostname, err := o.Hostname()
	if err != nil {
		hostname = "" // only the machine's own name depends on it
	}
	return snapshot{config: newAdapterSettings(adapters, readWindowsSearch(), hostname)}, nil
}

// The size of the first call, which Microsoft's documentation recommends, and the bound.
const (
	adaptersBytes    = 15 << 10
	adaptersBytesMax = 16 << 20
)

func readAdapters() ([]adapter, error) {
	const flags = windows.GAA_FLAG_SKIP_UNICAST | windows.GAA_FLAG_SKIP_ANYCAST | windows.GAA_FLAG_SKIP_MULTICAST | windows.GAA_FLAG_SKIP_FRIENDLY_NAME
	for size := uint32(adaptersBytes); size <= adaptersBytesMax; {
		// Words, for the alignment of the structures.
		buf := make([]uint64, size/8+1)
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&buf[0]))
		before := size
		err := windows.GetAdaptersAddresses(syscall.AF_UNSPEC, flags, 0, first, &size)
		switch {
		case err == nil && size == 0, errors.Is(err, windows.ERROR_NO_DATA):
			return nil, nil
		case err == nil:
			return listAdapters(first), nil
		case !errors.Is(err, windows.ERROR_BUFFER_OVERFLOW):
			return nil, fmt.Errorf("sysconfig: GetAdaptersAddresses: %w", err)
		}
		// Adapters may come between two calls.
		size = max(size, before) + before/2
	}
	return nil, fmt.Errorf("sysconfig: GetAdaptersAddresses: more than %d bytes", adaptersBytesMax)
}

func listAdapters(first *windows.IpAdapterAddresses) []adapter {
	var list []adapter
	for a := first; a != nil; a = a.Next {
		if a.OperStatus != windows.IfOperStatusUp {
			continue
		}
		x := adapter{metric: min(a.Ipv4Metric, a.Ipv6Metric)}
		for s := a.FirstDnsServerAddress; s != nil; s = s.Next {
			if addr, ok := sockaddrAddr(s.Address); ok {
				x.servers = append(x.servers, addr)
			}
		}
		if a.DnsSuffix != nil {
			x.suffixes = append(x.suffixes, windows.UTF16PtrToString(a.DnsSuffix))
		}
		for s := a.FirstDnsSuffix; s != nil; s = s.Next {
			x.suffixes = append(x.suffixes, windows.UTF16ToString(s.String[:]))
		}
		list = append(list, x)
	}
	return list
}

func sockaddrAddr(a windows.SocketAddress) (netip.Addr, bool) {
	addr, ok := netip.AddrFromSlice(a.IP())
	if !ok {
		return netip.Addr{}, false
	}
	addr = addr.Unmap()
	if addr.Is6() && addr.IsLinkLocalUnicast() {
		raw := (*syscall.RawSockaddrInet6)(unsafe.Pointer(a.Sockaddr))
		if raw.Scope_id != 0 {
			addr = addr.WithZone(zone(raw.Scope_id))
		}
	}
	return addr, true
}

// zone returns the name of an interface, which package net uses as the zone, or its index.
func zone(index uint32) string {
	if i, err := net.InterfaceByIndex(int(index)); err == nil {
		return i.Name
	}
	return strconv.FormatUint(uint64(index), 10)
}

// readWindowsSearch reads what the settings of no adapter contain. A value that is absent or cannot
// be read leaves names without that suffix.
func readWindowsSearch() windowsSearch {
	var s windowsSearch
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\Tcpip\Parameters`, registry.QUERY_VALUE)
	if err != nil {
		return s
	}
	defer k.Close()
	if v, _, err := k.GetStringValue("SearchList"); err == nil {
		s.list = v
	}
	if v, _, err := k.GetStringValue("Domain"); err == nil {
		s.domain = v
	}
	return s
}
