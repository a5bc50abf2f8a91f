//go:build !openbsd && !windows

package sysconfig

const (
	defaultResolvConf = "/etc/resolv.conf"
	defaultNSSwitch   = "/etc/nsswitch.conf"
)

// defaultLookup returns the sources if the files name none: the order of musl, of the BSDs, and of
// every distribution of Linux. The GNU C library alone would ask the DNS first.
func defaultLookup(bool) []Module { return filesThenDNS() }
