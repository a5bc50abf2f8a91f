// Package memory provides the memory of buffers: pools of blocks, and a budget that bounds what all
// buffers and pools of a process hold together. Programs can also use it without a buffer.
//
// A [Pool] hands out blocks of memory and keeps some returned ones for reuse, up to a bound. A
// [Magazine] is the part of a Pool that one loop takes from without a lock. A [Block] is memory for
// programs that need no buffer. PoolOptions.OffHeap takes memory from the system instead of from
// Go's heap, and PoolOptions.Guard reports misuse with stacks ([Misuse]).
//
// A [Budget] bounds the memory of any number of buffers and pools together. At the bound it refuses
// memory, and a [Waiter] is notified when to retry.
//
// Package bufstrategy takes them in its Options. Buffers return [ErrExhausted] where memory was
// refused, and its LastRefusal returns the [Refusal] to wait with.
//
// # Concurrency
//
// A Pool and a Budget are safe for concurrent use. A Magazine belongs to one goroutine or one loop.
// A Block may be used by one goroutine at once, and released by another.
package memory
