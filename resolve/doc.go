// Package resolve turns names into addresses with interchangeable strategies that never block an
// event loop.
//
// A [Question] is a name, a type and a class. A [Strategy] answers it with two verbs. Try answers
// at once from memory, or returns [ErrWouldBlock]. Start completes a [Query] later, exactly once,
// through the [Inbox] of the thread that started it. [Wait] does the same for a goroutine that may
// block.
//
// Two strategies run a [Lookup]: [Blocking] on the caller's thread, and [Pool] on goroutines that
// the caller asked for. [System] provides a Lookup that asks package net.
//
// Decorators answer what they can and pass on the rest. The useful order, outermost first, is
// [Literal], [Special], [Static], [HostsFile], [Filter], [Cache], [Coalesce], [Limit], then the
// strategy. [Observe] may be anywhere. [Host] builds on them: it turns a name into its IPv4 and
// IPv6 addresses and delivers each family as it arrives.
//
// [Fallback], [Race] and [Hedge] combine strategies by a fixed rule. [Adaptive] chooses between
// them by what it measures.
//
// Questions are absolute, as in the DNS. A [Search] completes the relative names of a Host; no
// strategy applies a search list, with an exception that [System] documents. Names are ASCII: the
// package does not implement IDNA (RFC 5890), and refuses a name that is not ASCII instead of
// sending it.
package resolve
