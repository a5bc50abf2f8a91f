package queuetest

import (
	"sync"

	"github.com/edgewise-go/edgewise/conformance/internal/suite"
)

// Features of the system that a run is on, not of the implementation. Each is found out by doing: a
// case that needs what the system cannot make here and now is not applicable, and the summary names
// it.
const (
	Pipe           suite.Feature = "pipe"
	Signals        suite.Feature = "signals"      // a thread that blocks in a system call can be interrupted
	Duplicate      suite.Feature = "duplicate"    // two handles of one open file
	DescriptorZero suite.Feature = "descriptor 0" // a socket can have the number 0
	Descriptors    suite.Feature = "descriptors"  // the descriptors of the process can be counted
)

// descriptorTable is held by cases that change or count what a process has one of. Cases run side
// by side on several queues.
var descriptorTable sync.Mutex

// probe is how a feature of the system is found out.
type probe struct {
	feature suite.Feature
	try     func() error
}

// systemFeatures returns what this system has.
func systemFeatures() []suite.Feature {
	var have []suite.Feature
	for _, p := range systemProbes() {
		if p.try() == nil {
			have = append(have, p.feature)
		}
	}
	return have
}
