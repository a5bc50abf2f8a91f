//go:build unix && !linux

package streamtest

// Unix returns the features that the system has.
func Unix() []Feature {
	return []Feature{NonblockFlag, DescriptorLimit, SharedPorts, NetworkAnswers, UnixSockets}
}
