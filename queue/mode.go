package queue

// Mode is when a registration reports.
type Mode uint8

// The modes.
const (
	// Level reports in every Wait as long as the handle is ready.
	Level Mode = iota
	// Edge reports when the handle becomes ready, once, and again after the caller has seen
	// would-block and the handle becomes ready anew.
	Edge
	// OneShot reports a direction once and switches it off (see Event.Disarmed); Modify switches it
	// on. The other direction is not touched, whatever the mechanism does natively.
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

// Features are what a mechanism has natively. Every mode works without them; they tell what it
// costs and what more there is.
type Features struct {
	Mechanism     string // "epoll", "iouring", "kqueue", "iocp", "poll"
	Waker         string // how Wake gets through: "eventfd", "pipe", "nop", "user", "pqcs"
	NativeEdge    bool   // edges come from the kernel: WouldBlock is free, and each arrival is an edge of its own
	NativeOneShot bool   // one-shot comes from the kernel
	Exclusive     bool   // Registration.Exclusive is understood
	PeerShut      bool   // ReadyPeerShut is told apart
	// Urgent: each event of a registration with mode Edge and interest Readable has ReadyUrgent, if
	// the kernel held urgent data of TCP when it made the event. Exclusive registrations are
	// excepted.
	//
	// So a read that was cut at an urgent mark either came after an event with ReadyUrgent, or an
	// event that is readable comes after it. On every mechanism, urgent data with no other bytes
	// does not keep its handle ready.
	Urgent bool
	Nested bool // the queue is a Nester: a handle that another queue can wait for
}
