package buffers

import "github.com/edgewise-go/edgewise/bufstrategy"

// Subject is a kind of buffer that is measured.
type Subject struct {
	Name string
	Peer bool   // somebody else's
	Note string // what is different about it
	open func(w workload) (fleet, error)
}

// fleet is the buffers of one loop.
type fleet interface {
	connect() (conn, error)

	// memory returns the bytes that all buffers hold, given the sum of what each says that it
	// holds.
	memory(sum int) int
}

// conn is the buffers of a connection: one, or of a proxy two.
type conn interface {
	// turn reads all that has arrived and gives the consumer all that is whole.
	turn(*source, *consumer) error

	// idle does what a loop does with a connection that has nothing to do.
	idle() error

	// release gives back all memory.
	release() error

	// held returns the bytes of memory that it holds now, and the most that it has held.
	held() (now, most int)

	// copied returns the bytes that it has copied itself, beyond the one time that it took them
	// from the source, and, of a proxy, gave them to the sink.
	copied() uint64
}

// Subjects returns all that is measured: each strategy of bufstrategy, then those of others that
// there are on this system.
func Subjects() []Subject {
	var all []Subject
	for _, name := range bufstrategy.Names() {
		all = append(all, strategySubject(name))
	}
	all = append(all, bufioSubject(), bytesSubject(), pooledSubject(), ringSubject())
	return append(all, linkSubjects()...)
}
