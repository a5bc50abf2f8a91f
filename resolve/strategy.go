package resolve

// Strategy answers questions. Decorators are strategies too.
type Strategy interface {
	// Try answers q from memory, without I/O, blocking or allocation. It returns [ErrWouldBlock]
	// when that is not possible, and any other error when the failure itself is the answer:
	// [ErrNoData] for a known name, say. Try may be called by any number of goroutines at once.
	Try(q Question) (Answer, error)

	// Start begins to answer q.Question. Whatever happens, q.Done is called exactly once, by
	// [Inbox.Run], and so never before Start has returned to the thread that owns the inbox.
	// Refusal is a completion as well: [ErrQueueFull] at a bound, [ErrClosed] after Close.
	//
	// Start returns without waiting, except where the strategy says otherwise ([Blocking]). It may
	// be called by any number of goroutines at once, each with a Query of its own.
	Start(q *Query)

	// Close releases the strategy and the strategies below it, which it owns. Queries in flight
	// complete with [ErrClosed], and so do those started later that cannot be answered from memory.
	// Close does not wait for goroutines to end, and may be called more than once.
	Close() error
}
