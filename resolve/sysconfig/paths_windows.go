package sysconfig

// Windows has no such files.
const (
	defaultResolvConf = ""
	defaultNSSwitch   = ""
)

func defaultLookup(bool) []Module { return filesThenDNS() }
