package resolve

// Strategy answers questions. A decorator is also a strategy.
type Strategy interface {
	// Try answers q from memory, without I/O, blocking or allocation. It returns [ErrWouldBlock] if
	// it cannot. It returns any other error if the failure itself is the answer, for example
	// [ErrNoData] for a known name. Any number of goroutines may call Try at once.
	Try(q Question) (Answer, error)

	// Start begins to answer q.Question. Whatever happens, [Inbox.Run] calls q.Done exactly once,
	// and therefore never before Start has returned to the thread that owns the inbox. A refusal is
	// also a completion: [ErrQueueFull] at a bound, [ErrClosed] after Close.
	//
	// Start returns without waiting, except where a strategy documents otherwise ([Blocking]). Any
	// number of goroutines may call it at once, each with its own Query.
	Start(q *Query)

	// Close releases the strategy and the strategies below it, which it owns. Queries in flight
	// complete with [ErrClosed]. So do queries started later that cannot be answered from memory.
	// Close does not wait for goroutines to end, and may be called more than once.
	Close() error
}
