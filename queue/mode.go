package queue

// Mode selects when a registration reports.
type Mode uint8

// The modes.
const (
	// Level reports the handle in every Wait while it is ready.
	Level Mode = iota
	// Edge reports once when the handle becomes ready. It reports again after the caller has seen
	// would-block and the handle becomes ready anew.
	Edge
	// OneShot reports a direction once and disarms it (see Event.Disarmed); Modify arms it again.
	// The other direction stays as it is, whatever the mechanism does natively.
	OneShot
)

// String returns "level", "edge" or "oneshot".
func (m Mode) String() string {
	switch m {
	case Level:
		return "level"
	case Edge:
		return "edge"
	case OneShot:
		return "oneshot"
	}
	return "invalid mode"
}

// Features describes what a mechanism supports natively. Every mode works without them. They show
// what a mode costs and which extras exist.
type Features struct {
	Mechanism     string // "epoll", "iouring", "kqueue", "iocp", "poll"
	Waker         string // how Wake reaches a blocked Wait: "eventfd", "pipe", "nop", "user", "pqcs"
	NativeEdge    bool   // edges come from the kernel: WouldBlock costs nothing, and each arrival is an edge of its own
	NativeOneShot bool   // one-shot comes from the kernel
	Exclusive     bool   // Registration.Exclusive is supported
	PeerShut      bool   // events carry ReadyPeerShut
	// Urgent: in mode Edge with interest Readable, each event has ReadyUrgent if the kernel held
	// urgent TCP data when it made the event. Exclusive registrations are excepted.
	//
	// So a read that stopped at an urgent mark follows an event with ReadyUrgent, or is followed by
	// an event that is readable. On every mechanism, urgent data without other bytes does not keep
	// its handle ready.
	Urgent      bool
	Nested      bool // the queue is a Nester: another queue can wait for it
	Completions bool // the queue is a Completer, and the kernel performs its operations
}
