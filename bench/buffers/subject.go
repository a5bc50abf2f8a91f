package buffers

import "github.com/edgewise-go/edgewise/bufstrategy"

// Subject is a kind of buffer to measure.
type Subject struct {
	Name string
	Peer bool   // belongs to another package
	Note string // how it differs
	open func(w workload) (subjectFleet, error)
}

// subjectFleet is the buffers of one loop.
type subjectFleet interface {
	connect() (conn, error)

	// memory returns the bytes that all buffers hold, given the sum of what each one reports.
	memory(sum int) int
}

// conn is the buffer of a connection, or the two buffers of a proxy.
type conn interface {
	// turn reads everything that has arrived and gives the consumer everything that is complete.
	turn(*source, *consumer) error

	// idle does what a loop does with an idle connection.
	idle() error

	// release gives back all memory.
	release() error

	// held returns the bytes of memory that the buffer holds now, and its maximum so far.
	held() (now, most int)

	// copied returns the bytes that the buffer has copied itself. It does not count the one copy
	// from the source, nor a proxy's copy to the sink.
	copied() uint64
}

// Subjects returns everything to measure: each strategy of bufstrategy, then the buffers of other
// packages that this system supports.
func Subjects() []Subject {
	var all []Subject
	for _, name := range bufstrategy.Names() {
		all = append(all, strategySubject(name))
	}
	all = append(all, bufioSubject(), bytesSubject(), pooledSubject(), ringSubject())
	return append(all, linkSubjects()...)
}
