// Package message finds whole messages among the unread bytes of a [bufstrategy.Buffer], for code
// that must not wait, such as a handler on a loop.
//
// [Lines], [Delimited], [Frames] and [Heads] are protocols: a message ends at a line end or a
// delimiter, starts with its length, or is the head of an HTTP message. Next returns the first
// message as one slice, and Find returns its position. They return [bufstrategy.ErrShort] for "not
// yet" and [bufstrategy.ErrTooLarge] for "never". In both cases they consume nothing.
//
// [Index] and [IndexBytes] search the unread bytes, across segments, for parsers of other
// protocols.
//
// A task or a goroutine that may wait runs the same protocols with ReadMessage of package adapter.
//
// # Concurrency
//
// A protocol that remembers how far it has searched belongs to one Buffer, and so to one goroutine
// or one loop.
package message
