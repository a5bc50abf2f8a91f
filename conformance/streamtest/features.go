package streamtest

import (
	"net/netip"
	"slices"
	"sync"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// Features of a Waiter.
const (
	// Turns is claimed if a second caller in a direction waits for its turn. Without it, the second
	// caller must get stream.ErrBusy at once.
	Turns Feature = "turns"
	// Transfers is claimed if the sources of the Waiter are stream.Transferrers that move bytes.
	Transfers Feature = "transfers"
	// Handlers is claimed if the Fixtures of the target start handlers.
	Handlers Feature = "handlers"
	// Selects is claimed if the Waiter is a stream.Selector.
	Selects Feature = "select"
)

// Features of a system. [System] returns those of this one.
const (
	// NonblockFlag is claimed if the system reports whether a handle blocks, so a handle opened
	// elsewhere can be adopted.
	NonblockFlag Feature = "nonblock-flag"
	// DescriptorLimit is claimed if the system can limit a process to few descriptors.
	DescriptorLimit Feature = "descriptor-limit"
	// Signals is claimed if a process can send itself signals.
	Signals Feature = "signals"
	// IPv6 is claimed if the system has an IPv6 loopback address.
	IPv6 Feature = "ipv6"
	// SharedPorts is claimed if several sockets can listen on one address (SO_REUSEPORT).
	SharedPorts Feature = "shared-ports"
	// SendFile is claimed if the kernel sends files to sockets.
	SendFile Feature = "sendfile"
	// NetworkAnswers is claimed if the kernel reports answers of the network to a connected
	// datagram socket.
	NetworkAnswers Feature = "network-answers"
	// UnixSockets is claimed if the system has unix-domain sockets that can be waited for.
	UnixSockets Feature = "unix-sockets"
	// AbstractNames is claimed if unix-domain sockets can have abstract names.
	AbstractNames Feature = "abstract-names"
	// UnixRecords is claimed if the system has unix-domain sockets with records (SOCK_SEQPACKET).
	UnixRecords Feature = "unix-records"
	// ResetErrors is claimed if each read of a connection that the peer has reset returns an error.
	// Wine returns the end of the stream to some, because its server takes SO_ERROR when it polls.
	ResetErrors Feature = "reset-errors"
	// MultipathTCP is claimed if the system has Multipath TCP and permits it.
	MultipathTCP Feature = "multipath-tcp"
)

// System returns the features that the system has. The first call briefly opens sockets to detect
// IPv6, records and Multipath TCP.
func System() []Feature { return slices.Clone(detected()) }

// detected looks once per process: every target asks for the features.
var detected = sync.OnceValue(func() []Feature {
	all := system()
	if s, err := stream.OpenTCP(sys.IPv6); err == nil {
		if s.Bind(netip.AddrPortFrom(netip.IPv6Loopback(), 0)) == nil {
			all = append(all, IPv6)
		}
		s.Close()
	}
	if s, err := stream.OpenUnixpacket(); err == nil {
		s.Close()
		all = append(all, UnixRecords)
	}
	if h, err := sys.MultipathSocket(sys.IPv4); err == nil {
		sys.Close(h)
		all = append(all, MultipathTCP)
	}
	return all
})
