package streamtest

// Unix returns the features that the system has.
func Unix() []Feature {
	return []Feature{NonblockFlag, DescriptorLimit, SharedPorts, SendFile, NetworkAnswers, UnixSockets, AbstractNames}
}
