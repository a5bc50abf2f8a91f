package sysconfig

const (
	defaultResolvConf = "/etc/resolv.conf"
	defaultNSSwitch   = "" // resolv.conf has the order of the sources
)

// defaultLookup returns the sources if resolv.conf names none. Without the file, only the hosts
// file is used (resolv.conf(5) of OpenBSD).
func defaultLookup(resolvConf bool) []Module {
	if !resolvConf {
		return []Module{{Name: "files"}}
	}
	return []Module{{Name: "dns"}, {Name: "files"}}
}
