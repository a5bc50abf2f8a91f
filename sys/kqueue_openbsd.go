package sys

// OpenBSD has no filter for events that the program triggers itself: no filter has the number zero.
const (
	EvfiltUser  = 0
	NoteTrigger = 0
)
