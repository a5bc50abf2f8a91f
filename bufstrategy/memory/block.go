package memory

import "github.com/edgewise-go/edgewise/bufstrategy/internal/pool"

// Block is memory from a Pool, for programs that want memory without a buffer. It is a small value.
// All copies of a Block share the memory, and a Release of one copy releases all.
//
// A Block may be used by one goroutine at once, and released by another. The zero Block has no
// memory.
type Block pool.Handle

// Bytes returns the memory: the requested number of bytes, all usable up to the capacity. They are
// not cleared and hold what their last user left there.
//
// After Release, Bytes panics. With PoolOptions.Guard it reports UsedAfterRelease and returns nil
// instead.
func (b Block) Bytes() []byte { return pool.Handle(b).Bytes() }

// Release gives the memory back to its Pool. The caller must not use the memory any more, including
// results of earlier calls of Bytes.
//
// A second Release, through any copy, panics even if the memory is already in use elsewhere. With
// PoolOptions.Guard it reports ReleasedTwice and does nothing else.
func (b Block) Release() { pool.Handle(b).Release() }
