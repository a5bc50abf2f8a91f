// Package edgewise is non-blocking networking in one import: event loops, sockets, buffers and name
// resolution, wired together.
//
// [Open] starts a [Stack]. Its connections, listeners and dialers have the types and the behavior
// of package net, so existing code runs on them. A task, which [Stack.Go] and [Stack.Serve] start,
// is straight-line code that is suspended where a goroutine would block its thread. It keeps a few
// kilobytes while it waits. A [Handler] is a state machine that keeps a few hundred bytes.
//
// One connection serves tasks and goroutines. A wait finds out which of them calls, and suspends
// that caller. A library may therefore start goroutines that use a connection which a task has
// dialed.
//
// # When not to use it
//
// A library that starts its own goroutines, such as net/http or grpc, runs on a Stack and gains
// little. The gain is in tasks and handlers, where a connection has no goroutine. A task that calls
// such a library holds its loop until the call returns: let [sched.Task.Blocking] make the call.
//
// # Parts
//
// The package only wires parts together. Each part is a module that works alone: packages queue,
// stream, bufstrategy, resolve and sched. [Options] selects an implementation of each, by name or
// by value. [Stack.Scheduler], [Stack.Waiter] and [Stack.Resolver] give access to them.
package edgewise

import (
	"github.com/edgewise-go/edgewise/sched"
	"github.com/edgewise-go/edgewise/stream"
)

// The types of the parts that most programs name.
type (
	// Task is a task of a Stack.
	Task = sched.Task
	// Handler is a task without a stack.
	Handler = sched.Handler
	// Conn is a connection.
	Conn = stream.Conn
	// Listener accepts connections.
	Listener = stream.Listener
	// PacketConn is a datagram socket.
	PacketConn = stream.PacketConn
	// Socket is a handle that never blocks, for handlers.
	Socket = stream.Socket
)
