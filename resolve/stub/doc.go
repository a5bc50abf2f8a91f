// Package stub is a stub resolver without I/O (RFC 1034, section 5.3.1): a state machine that is
// given datagrams, stream messages and the time, and that yields actions and completions.
//
// A [Core] is driven by one thread at a time; the driver's mutex guards it. The driver opens and
// closes links, sends what the actions say, and reports what it receives. All times are durations
// since the core was made, from a monotonic clock. So a test drives the core with a virtual clock,
// and a fuzzer drives it without a network.
//
// # Acceptance
//
// A datagram is accepted only on the link that its query left from, with the ID of that query and
// with the whole question (RFC 5452, section 9). No other datagram ends a query or changes its
// result. One with an unknown ID and the question of a query in flight may be a forger's guess: the
// core asks the same server over TCP too, and continues to wait.
//
// # Links
//
// A server has several UDP links, each a connected socket with a port of its own. A link takes no
// new query after a number of queries, after an age, or when it seems dead, so that a forger has
// little time to find its port. A retransmission leaves from another link than the transmission
// before it. An ID is used once in the life of a link, so a late reply never meets another query.
//
// # Schedule
//
// The core asks the servers in order, those that answer before those that do not. It asks the next
// one after the retransmission timeout of the last, computed from round-trip times as RFC 6298
// does. Each round doubles the timeout. After the last round of datagrams, it asks over TCP.
package stub
