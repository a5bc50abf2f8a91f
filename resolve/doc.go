// Package resolve turns names into addresses by interchangeable strategies that never block an
// event loop.
//
// A [Question] is a name, a type and a class. A [Strategy] answers it with two verbs: Try answers
// at once, from memory, or says [ErrWouldBlock]; Start completes a [Query] later, exactly once,
// through the [Inbox] of the thread that started it. [Wait] is the same for a goroutine that may
// block.
//
// Strategies that ask somebody: [Blocking] on the caller's thread, [Pool] on goroutines the caller
// asked for. Both run a [Lookup]; [System] is the one that asks package net. Decorators answer what
// they can and pass on the rest; the useful order, outermost first, is [Literal], [Static],
// [HostsFile], [Cache], [Coalesce], then the strategy. [Host] stands above all of them: a name to
// its IPv4 and IPv6 addresses, each family delivered as it arrives.
//
// Questions are absolute, as in the DNS: no search list is applied, with an exception that [System]
// names. Names are ASCII: IDNA (RFC 5890) is not done, and a name that is not ASCII is refused
// rather than sent.
package resolve
