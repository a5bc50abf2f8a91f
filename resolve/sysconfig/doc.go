// Package sysconfig reads how this machine resolves names: its name servers, its search list, and
// the order of its sources.
//
// [Read] reads the configuration once. [Watcher] keeps it up to date, without a goroutine. The
// parsers [ParseResolvConf] and [ParseNSSwitch] follow resolv.conf(5) and nsswitch.conf(5) of the
// GNU C library. They tolerate any input, in bounded memory, and note in warnings what they skip.
//
// On Unix systems, the configuration is in resolv.conf and nsswitch.conf. On OpenBSD, the order of
// the sources is in resolv.conf. On macOS, resolv.conf holds only the servers of the primary
// network service: servers for a domain or an interface, as a VPN sets them, are not seen. On
// Windows, the configuration is that of the network adapters. Rules of the Name Resolution Policy
// Table are not seen.
//
// Some sources are neither the hosts file nor the DNS, for example multicast DNS.
// [Settings.NeedsSystem] reports them, so that a program can leave such names to the system.
//
// [SourceOf] reports the source address that the system would use for a destination.
package sysconfig
