package queuetest

import (
	"sync"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
	"github.com/edgewise-go/edgewise/sys"
)

// The features of the system that a run is on, not of the implementation. Each is probed by using
// it. A case that needs a feature that this system does not provide is not applicable, and the
// summary names the feature.
const (
	Pipe           suite.Feature = "pipe"
	Signals        suite.Feature = "signals"      // a signal can interrupt a thread that blocks in a system call
	Duplicate      suite.Feature = "duplicate"    // two handles of one open file
	DescriptorZero suite.Feature = "descriptor 0" // a socket can have the number 0
	Descriptors    suite.Feature = "descriptors"  // the open descriptors of the process can be counted
	UnixSockets    suite.Feature = "unix sockets"
)

// descriptorTable is held by cases that change or count the descriptors of the process. Cases on
// several queues run in parallel.
var descriptorTable sync.Mutex

// probe detects a feature of the system.
type probe struct {
	feature suite.Feature
	try     func() error
}

// tryUnixSocket detects whether package sys has Unix-domain sockets.
func tryUnixSocket() error {
	h, err := sys.UnixSocket()
	if err != nil {
		return err
	}
	return sys.Close(h)
}

// systemFeatures returns the features of this system.
func systemFeatures() []suite.Feature {
	var have []suite.Feature
	for _, p := range append(systemProbes(), probe{UnixSockets, tryUnixSocket}) {
		if p.try() == nil {
			have = append(have, p.feature)
		}
	}
	return have
}
