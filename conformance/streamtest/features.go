package streamtest

import (
	"net/netip"

	"github.com/edgewise-go/edgewise/stream"
	"github.com/edgewise-go/edgewise/sys"
)

// What a Waiter may have.
const (
	// Goroutines says that Wait suspends goroutines, so that a second caller in a direction may be
	// blocked until its turn. Without it Fixture.Go runs tasks, and the second caller must get
	// stream.ErrBusy at once.
	Goroutines Feature = "goroutines"
	// Selects says that the Waiter is a stream.Selector.
	Selects Feature = "select"
)

// What a system may have; [System] says which of these this one has.
const (
	// NonblockFlag says that the system tells whether a handle blocks, so that one which was opened
	// elsewhere can be adopted.
	NonblockFlag Feature = "nonblock-flag"
	// DescriptorLimit says that the system gives a process few descriptors when asked.
	DescriptorLimit Feature = "descriptor-limit"
	// Signals says that a process can send itself signals.
	Signals Feature = "signals"
	// IPv6 says that the system has a loopback address of IPv6.
	IPv6 Feature = "ipv6"
	// SharedPorts says that several sockets can listen on one address (SO_REUSEPORT).
	SharedPorts Feature = "shared-ports"
	// SendFile says that the kernel sends files to sockets.
	SendFile Feature = "sendfile"
	// NetworkAnswers says that the kernel tells a connected socket of datagrams what the network
	// answers.
	NetworkAnswers Feature = "network-answers"
	// UnixSockets says that there are unix-domain sockets that can be waited for.
	UnixSockets Feature = "unix-sockets"
	// AbstractNames says that these can have abstract names.
	AbstractNames Feature = "abstract-names"
)

// System returns the features that the system has. It opens a socket for a moment, to see whether
// there is IPv6.
func System() []Feature {
	s, err := stream.OpenTCP(sys.IPv6)
	if err != nil {
		return system()
	}
	defer s.Close()
	if s.Bind(netip.AddrPortFrom(netip.IPv6Loopback(), 0)) != nil {
		return system()
	}
	return append(system(), IPv6)
}
