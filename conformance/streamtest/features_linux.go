package streamtest

// system is what every machine of this system has.
func system() []Feature {
	all := []Feature{NonblockFlag, DescriptorLimit, Signals, SharedPorts, SendFile, NetworkAnswers, UnixSockets, AbstractNames, EpollRules,
		UrgentData, ShortReads, ErrorQueue, EventCounters}
	if hasTerminals() {
		all = append(all, Terminal)
	}
	if signals() {
		all = append(all, PendingSignals)
	}
	return all
}
