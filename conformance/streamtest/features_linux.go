package streamtest

// system holds the features that every machine of this system has.
func system() []Feature {
	all := []Feature{NonblockFlag, DescriptorLimit, Signals, SharedPorts, SendFile, NetworkAnswers, UnixSockets, AbstractNames, EpollRules,
		UrgentData, ShortReads, ErrorQueue, EventCounters, TrafficClass, ResetErrors}
	if hasTerminals() {
		all = append(all, Terminal)
	}
	if signals() {
		all = append(all, PendingSignals)
	}
	if segmentOffload() {
		all = append(all, SegmentOffload)
	}
	return all
}
