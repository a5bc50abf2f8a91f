//go:build unix && !linux

package streamtest

// system holds the features that every machine of this system has.
func system() []Feature {
	return []Feature{NonblockFlag, DescriptorLimit, Signals, SharedPorts, NetworkAnswers, UnixSockets, UrgentData, ResetErrors}
}
